// Pictures that the visitor chose: decoded, turned upright and made smaller here, in the browser.

const LONGEST = 1600;
const MOST_BYTES = 60_000_000;
const THUMB = 160;
export const MOST = 40;

// From a file to { name, blob, width, height, thumb }; rejects with plain words.
export async function readPicture(file) {
  const name = file.name || "The picture";
  if (file.size > MOST_BYTES) throw new Error(`${name} is too large: choose one below ${MOST_BYTES / 1e6} MB.`);
  let whole;
  try {
    whole = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(`${name} cannot be read: it is no picture that this browser knows, or it is damaged.`);
  }
  const scale = Math.min(1, LONGEST / Math.max(whole.width, whole.height));
  const canvas = drawn(whole, Math.max(1, Math.round(whole.width * scale)), Math.max(1, Math.round(whole.height * scale)));
  const thumb = drawn(whole, THUMB, THUMB);
  whole.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return { name, blob, width: canvas.width, height: canvas.height, thumb };
}

// The middle of any picture, as large as it has this shape, as a canvas; what is transparent becomes white.
function drawn(image, width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  const scale = Math.max(width / image.width, height / image.height);
  const [wide, tall] = [image.width * scale, image.height * scale];
  pen.drawImage(image, (width - wide) / 2, (height - tall) / 2, wide, tall);
  return canvas;
}
