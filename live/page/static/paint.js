// Boxes, labels, bars and maps over the picture.

const INK = "#f6f1ea", PAPER = "#18130d", VEIL = "#0f0d0bc4";
const CROWDED = 0.12; // a panel that would hide something with a larger share of itself gives way to small bars in the box

// Draw an answer on a canvas that covers the picture. `expressions` are { name, colour } in the order of probabilities.
export function paint(canvas, answer, expressions, mirrored) {
  const { clientWidth: wide, clientHeight: tall } = canvas;
  const dense = window.devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.round(wide * dense), Math.round(tall * dense)];
  const pen = canvas.getContext("2d");
  pen.scale(dense, dense);
  if (!answer?.faces) return;
  const scale = wide / answer.width, unit = Math.min(1.35, Math.max(0.85, wide / 800));
  const place = ([x, y, w, h]) => [mirrored ? wide - (x + w) * scale : x * scale, y * scale, w * scale, h * scale];
  const faces = answer.faces.map((face) => ({
    ...face, at: place(face.box), colour: expressions.find((one) => one.name === face.expression).colour,
  }));
  for (const face of faces) if (face.map) paintMap(pen, face, place, mirrored);
  paintPanels(pen, faces, expressions, [136 * unit, (expressions.length * 15 + 10) * unit], [wide, tall], unit);
  const taken = [];
  for (const face of faces) paintBox(pen, face, [wide, tall], unit, taken);
}

function paintBox(pen, face, [wide, tall], unit, taken) {
  const [x, y, w, h] = face.at;
  pen.lineWidth = (face.seen ? 2.5 : 1.2) * unit;
  pen.strokeStyle = face.colour;
  pen.beginPath();
  pen.roundRect(x, y, w, h, 8 * unit);
  pen.stroke();
  pen.font = `650 ${14 * unit}px system-ui, sans-serif`;
  const high = 23 * unit, top = y >= high + 3 ? y - high - 3 : Math.min(y + h + 3, tall - high);
  const likeliest = percent(Math.max(...face.probabilities));
  const labels = [`${face.track}  ${face.expression} ${likeliest}`, `${face.track} ${face.expression}`, `${face.track}`];
  const spots = labels.map((words) => {
    const length = pen.measureText(words).width + 14 * unit;
    return [clamp(x - pen.lineWidth / 2, wide - length), top, length, high];
  });
  const free = spots.findIndex((spot) => !taken.some((other) => common(spot, other)));
  const chosen = free < 0 ? labels.length - 1 : free;
  taken.push(spots[chosen]);
  paintPlate(pen, spots[chosen], 6 * unit, face.colour);
  pen.fillStyle = PAPER;
  pen.textBaseline = "middle";
  pen.fillText(labels[chosen], spots[chosen][0] + 7 * unit, top + high / 2 + unit);
}

function paintPanels(pen, faces, expressions, size, picture, unit) {
  const taken = faces.map((face) => [face.at[0], face.at[1] - 26 * unit, face.at[2], face.at[3] + 26 * unit]);
  for (const face of faces) {
    const [spot, hidden] = freest(face.at, size, picture, taken);
    if (faces.length > 1 && hidden > CROWDED * size[0] * size[1]) {
      paintSmallBars(pen, face, expressions, unit);
    } else {
      taken.push([...spot, ...size]);
      paintBars(pen, face, expressions, spot, size, unit);
    }
  }
}

function paintSmallBars(pen, face, expressions, unit) {
  const [x, y, w, h] = face.at, line = Math.min(5 * unit, h / 12), pad = 4 * unit;
  const top = y + h - expressions.length * line - 2 * pad;
  paintPlate(pen, [x + pad, top, w - 2 * pad, y + h - top - pad], 3 * unit, VEIL);
  expressions.forEach(({ colour }, number) => {
    pen.fillStyle = colour;
    pen.fillRect(x + 1.5 * pad, top + pad / 2 + number * line, Math.max(1, (w - 3 * pad) * face.probabilities[number]), 0.7 * line);
  });
}

function paintBars(pen, face, expressions, [left, top], [wide, tall], unit) {
  paintPlate(pen, [left, top, wide, tall], 8 * unit, VEIL);
  pen.font = `${11 * unit}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  const start = left + 60 * unit, whole = wide - 68 * unit;
  expressions.forEach(({ name, colour }, number) => {
    const middle = top + (5 + 15 * number + 7.5) * unit;
    pen.fillStyle = INK;
    pen.fillText(name, left + 8 * unit, middle);
    pen.fillStyle = colour;
    pen.fillRect(start, middle - 4 * unit, Math.max(1, whole * face.probabilities[number]), 8 * unit);
  });
}

function paintPlate(pen, rectangle, corner, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(...rectangle, corner);
  pen.fill();
}

// Beside its face: right, left, below or above, wherever it hides least; and how much that is.
function freest([x, y, w, h], [wide, tall], [width, height], taken) {
  const gap = 6;
  const wanted = [[x + w + gap, y], [x - wide - gap, y], [x, y + h + gap], [x, y - tall - 30]];
  const inside = wanted.map(([left, top]) => [clamp(left, width - wide), clamp(top, height - tall)]);
  const hidden = inside.map((spot) => taken.reduce((sum, other) => sum + common([...spot, wide, tall], other), 0));
  const least = Math.min(...hidden);
  return [inside[hidden.indexOf(least)], least];
}

function paintMap(pen, face, place, mirrored) {
  const rows = face.map.length, columns = face.map[0].length;
  const small = new OffscreenCanvas(columns, rows);
  const heat = new ImageData(columns, rows);
  face.map.flat().forEach((value, index) => {
    const share = value / 255; // from clear over violet to yellow
    heat.data.set([255 * Math.min(1, 0.35 + 1.1 * share), 255 * share ** 1.6, 255 * (0.75 - 0.7 * share), 205 * share], 4 * index);
  });
  small.getContext("2d").putImageData(heat, 0, 0);
  const [left, top, side] = face.square;
  const [x, y, w, h] = place([left, top, side, side]);
  pen.save();
  pen.imageSmoothingQuality = "high";
  if (mirrored) {
    pen.translate(2 * x + w, 0);
    pen.scale(-1, 1);
  }
  pen.drawImage(small, x, y, w, h);
  pen.restore();
}

const clamp = (value, most) => Math.min(Math.max(0, value), Math.max(0, most));
const overlap = (a, b, c, d) => Math.max(0, Math.min(a + b, c + d) - Math.max(a, c));
const common = (a, b) => overlap(a[0], a[2], b[0], b[2]) * overlap(a[1], a[3], b[1], b[3]);
export const percent = (share) => `${Math.round(100 * share)} %`;
