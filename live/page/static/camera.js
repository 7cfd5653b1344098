// The visitor's camera, and what can be wrong with it, in plain words.

const WORDS = {
  NotAllowedError: "The camera was not allowed. Allow it in the browser's site settings and try again, or choose pictures.",
  NotFoundError: "No camera was found. Connect one and try again, or choose pictures.",
  NotReadableError: "The camera is in use by another program. End that and try again, or choose pictures.",
  OverconstrainedError: "That camera is gone. Try again.",
};
const LONGEST = 640;

export class Camera {
  #stream = null;
  #turn = 0;
  #canvas = document.createElement("canvas");

  constructor(video) {
    this.video = video;
    this.mirrored = false;
  }

  // Open a camera, by its id or the one that faces the visitor; `lost` is called when it is unplugged. Gives its id;
  // null when the visitor has changed his mind meanwhile.
  async open(id, lost) {
    this.close();
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("Browsers give the camera only to pages on https or on localhost. Pictures work here.");
    }
    const wanted = id ? { deviceId: { exact: id } } : { facingMode: "user" };
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    const turn = this.#turn;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...wanted, ...size } }).catch((error) => {
      throw new Error(WORDS[error.name] ?? `The camera cannot be opened: ${error.message}`);
    });
    if (turn !== this.#turn) {
      end(stream);
      return null;
    }
    this.#stream = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", lost, { once: true });
    this.mirrored = track.getSettings().facingMode !== "environment";
    this.video.srcObject = stream;
    await this.video.play();
    return track.getSettings().deviceId;
  }

  close() {
    this.#turn += 1;
    end(this.#stream);
    this.#stream = this.video.srcObject = null;
  }

  async list() {
    return (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput");
  }

  // The next picture, as a JPEG no larger than it needs to be; null when none came for a while.
  async grab() {
    const came = await nextFrame(this.video);
    const { videoWidth, videoHeight } = this.video;
    if (!came || !videoWidth) return null;
    const scale = Math.min(1, LONGEST / Math.max(videoWidth, videoHeight));
    this.#canvas.width = Math.round(videoWidth * scale);
    this.#canvas.height = Math.round(videoHeight * scale);
    this.#canvas.getContext("2d", { alpha: false }).drawImage(this.video, 0, 0, this.#canvas.width, this.#canvas.height);
    return new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", 0.85));
  }
}

function end(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

// Whether a new picture came: not within half a second from a camera that sleeps or hangs.
function nextFrame(video) {
  return new Promise((resolve) => {
    if (!video.requestVideoFrameCallback) return setTimeout(resolve, 33, true);
    const asked = video.requestVideoFrameCallback(() => { clearTimeout(timer); resolve(true); });
    const timer = setTimeout(() => { video.cancelVideoFrameCallback(asked); resolve(false); }, 500);
  });
}
