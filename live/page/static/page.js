// The page: what the visitor does, what is asked, and where the answers go.

import { Camera } from "./camera.js";
import { fillList, sentence } from "./list.js";
import { paint } from "./paint.js";
import { MOST, readPicture } from "./pictures.js";
import { Trouble, Wire, pause } from "./wire.js";

const part = (id) => document.getElementById(id);
const wire = new Wire(), camera = new Camera(part("video"));
const PATIENCE = 6; // half seconds for which a camera may give no picture
const SPEAK = 1500; // milliseconds between two sentences, for those who listen

let about = null; // what the server told of itself
let run = null; // what goes on now; whatever belongs to an earlier one stops
let answer = null; // what is shown
let pictures = [];
let chosen = 0;
let maps = false;

// What goes on

async function useCamera(id) {
  const mine = begin("camera");
  tell(null);
  try {
    const opened = await camera.open(id, () => mine === run && lostCamera());
    if (mine !== run) return;
    await listCameras(opened);
    show("video");
    part("video").classList.toggle("mirrored", camera.mirrored);
    await watch(mine);
  } catch (error) {
    if (mine === run) stop(error.message);
  }
}

async function watch(mine) {
  let last = performance.now(), rate = 0, silent = 0;
  while (mine === run) {
    if (document.hidden) await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
    const frame = await camera.grab();
    silent = frame ? 0 : silent + 1;
    if (mine === run && silent === PATIENCE) {
      trouble("The camera gives no pictures. It may be asleep, switched off or in use by another program.");
      mine.troubled = true;
    }
    if (mine !== run || !frame) continue;
    const told = await ask(mine, { seconds: performance.now() / 1000, maps }, frame);
    if (!told) continue;
    const now = performance.now();
    rate = rate ? 0.9 * rate + 0.1 * (1000 / (now - last)) : 1000 / (now - last);
    last = now;
    part("speed").textContent = `${rate.toFixed(0)} pictures a second`;
    reshape(part("video").videoWidth, part("video").videoHeight);
    tell(told);
  }
}

function lostCamera() {
  stop("The camera was unplugged or switched off. Connect it and try again.");
}

function stop(words = "") {
  begin("nothing");
  show(null);
  trouble(words);
  tell(null);
}

async function addPictures(files) {
  if (!files.length) return;
  const mine = begin("pictures");
  show("picture");
  tell(null);
  const wrong = [];
  pictures = [];
  chosen = 0;
  for (const file of [...files].slice(0, MOST)) {
    try {
      pictures.push(await readPicture(file));
    } catch (error) {
      wrong.push(error.message);
    }
    if (mine !== run) return;
  }
  if (files.length > MOST) wrong.push(`Only the first ${MOST} pictures were taken.`);
  if (!pictures.length) return stop(wrong.join(" "));
  trouble(wrong.join(" "));
  fillStrip();
  await choose(0);
  for (const picture of pictures) await read(mine, picture);
}

// Show one of the pictures; with what is known of it, or with what is found out now.
async function choose(index) {
  const mine = run, picture = pictures[index];
  chosen = index;
  markStrip();
  const image = await createImageBitmap(picture.blob);
  if (mine !== run || chosen !== index) return;
  const canvas = part("picture");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  image.close();
  reshape(canvas.width, canvas.height);
  tell(picture.answer ?? null);
  await read(mine, picture);
}

// Ask about a picture, until there is an answer, with its maps where they are wanted.
async function read(mine, picture) {
  const wanted = () => !picture.answer || (maps && pictures[chosen] === picture && !isFinal(picture.answer));
  while (mine === run && wanted()) {
    const told = await ask(mine, { seconds: null, maps }, picture.blob);
    if (!told) continue;
    picture.answer = told;
    markStrip();
    if (mine === run && pictures[chosen] === picture) tell(told);
    if (told.maps === "loading") await pause(700);
  }
}

const isFinal = (told) => told.error || (told.maps && told.maps !== "loading");

// One question. No answer: the trouble is said, and after a while null comes back; whoever asked asks again.
async function ask(mine, request, picture) {
  try {
    const told = await wire.ask(request, picture);
    if (mine !== run) return null;
    mine.waits = 0;
    if (mine.troubled) trouble("");
    mine.troubled = false;
    return told;
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (mine === run) trouble(error.message);
    mine.troubled = true;
    mine.waits = Math.min(6, (mine.waits ?? 0) + 1);
    await pause(250 * 2 ** (mine.waits - 1));
    return null;
  }
}

// What is seen

function begin(kind) {
  if (kind !== "camera") camera.close();
  run = { kind };
  trouble("");
  part("strip").hidden = part("which").hidden = true;
  part("speed").hidden = kind !== "camera";
  part("camera").textContent = kind === "camera" ? "Stop camera" : "Use camera";
  part("speed").textContent = kind === "camera" ? "opening the camera" : "";
  return run;
}

function show(what) {
  for (const id of ["video", "picture"]) part(id).hidden = id !== what;
  part("marks").hidden = !what;
  part("invitation").hidden = Boolean(what);
  part("stage").classList.toggle("empty", !what);
  if (!what) part("stage").style.removeProperty("--ratio");
}

function reshape(width, height) {
  if (width && height) part("stage").style.setProperty("--ratio", width / height);
}

function tell(told) {
  answer = told;
  repaint();
  fillList(part("faces"), told?.faces ?? [], about.expressions);
  say(told ? sentence(told) + aboutMaps(told) : run.kind === "nothing" ? "Nothing is shown yet." : "Looking…");
}

function aboutMaps(told) {
  if (!maps || !told.maps || told.maps === "ready") return "";
  return told.maps === "loading" ? " What the network looks at comes in a few seconds." : ` ${told.maps}`;
}

function repaint() {
  const shown = maps || !answer?.faces ? answer : { ...answer, faces: answer.faces.map((face) => ({ ...face, map: null })) };
  paint(part("marks"), shown, about.expressions, run?.kind === "camera" && camera.mirrored);
}

let spoken = 0, waiting = 0;
function say(words) {
  clearTimeout(waiting);
  if (part("summary").textContent === words) return;
  waiting = setTimeout(() => {
    spoken = performance.now();
    part("summary").textContent = words;
    part("marks").setAttribute("aria-label", words);
  }, run?.kind === "camera" ? Math.max(0, spoken + SPEAK - performance.now()) : 0);
}

function trouble(words) {
  part("trouble").textContent = words;
  part("trouble").hidden = !words;
}

async function listCameras(opened) {
  const found = await camera.list();
  part("cameras").replaceChildren(...found.map((one, index) => new Option(one.label || `Camera ${index + 1}`, one.deviceId)));
  part("cameras").value = opened;
  part("which").hidden = found.length < 2;
}

function fillStrip() {
  part("strip").hidden = pictures.length < 2;
  part("strip").replaceChildren(...pictures.map((picture, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(picture.thumb, document.createElement("span"));
    button.addEventListener("click", () => choose(index));
    return button;
  }));
  markStrip();
}

function markStrip() {
  [...part("strip").children].forEach((button, index) => {
    const { answer: told, name } = pictures[index];
    button.setAttribute("aria-pressed", index === chosen);
    button.setAttribute("aria-label", `${name}, ${index + 1} of ${pictures.length}${told ? `: ${sentence(told)}` : ""}`);
    button.lastElementChild.textContent = told ? (told.faces?.length ?? "!") : "…";
  });
}

// What the visitor does

part("camera").addEventListener("click", () => (run?.kind === "camera" ? stop() : useCamera()));
part("cameras").addEventListener("change", (event) => useCamera(event.target.value));
part("choose").addEventListener("click", () => part("files").click());
part("files").addEventListener("change", (event) => {
  const files = [...event.target.files];
  event.target.value = "";
  addPictures(files);
});
part("maps").addEventListener("click", () => {
  maps = !maps;
  part("maps").setAttribute("aria-pressed", maps);
  repaint();
  if (run?.kind === "pictures" && pictures[chosen]) read(run, pictures[chosen]);
});
part("strip").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const next = step && part("strip").children[[...part("strip").children].indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.click();
});
document.addEventListener("paste", (event) => about && addPictures([...event.clipboardData.files]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  part("stage").classList.add("over");
});
document.addEventListener("dragleave", (event) => event.relatedTarget || part("stage").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  part("stage").classList.remove("over");
  if (about) addPictures([...event.dataTransfer.files]);
});
new ResizeObserver(() => about && repaint()).observe(part("stage"));

async function start() {
  while (!about) {
    try {
      about = await (await fetch("about.json")).json();
    } catch {
      trouble("The server does not answer. Trying again…");
      await pause(2000);
    }
  }
  part("maps").hidden = !about.maps;
  part("no-maps").hidden = about.maps;
  for (const id of ["camera", "choose"]) part(id).disabled = false;
  stop();
}

start();
