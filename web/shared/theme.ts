/**
 * One brand colour in, a set of readable colours out: the hue stays, the lightness moves only as far as it must.
 * Colours are OKLCH (Björn Ottosson's matrices); contrast is WCAG 2's. Asked of every palette, in tests/web/test_theme.py:
 * text 4.5:1, ink 7:1, graphics and controls 3:1, on each surface it may stand on.
 */
type Lch = readonly [lightness: number, chroma: number, hue: number];
type Linear = [red: number, green: number, blue: number];

export type Palette = Record<
  "paper" | "panel" | "tint" | "ink" | "muted" | "line" | "control" | "brand" | "on-brand" | "mark" | "accent" | "warning",
  string
>;

const WHITE = "#ffffff";
// The hue of a warning; its chroma is enough to be told from the ink.
const WARNING: Lch = [0.5, 0.16, 0.5];

/** The palette of `brand` ("#rrggbb"). `mark` is for graphics, `accent` for text, `brand` for what is pressed. */
export function palette(brand: string): Palette {
  const [lightness, chroma, hue] = fromHex(brand);
  const tone = (at: number, most: number) => toHex([at, Math.min(chroma, most), hue]);
  const paper = tone(0.985, 0.003);
  const panel = tone(0.955, 0.007);
  const tint = tone(0.93, 0.03);
  const black = toHex([0.16, Math.min(chroma, 0.02), hue]);
  const white = contrast(brand, WHITE);
  // White letters look right on far more colours than the arithmetic of black and white says.
  const onBrand = white >= 3.6 || white >= contrast(brand, black) ? WHITE : black;
  const grey = Math.min(chroma, 0.02);
  return {
    paper,
    panel,
    tint,
    ink: tone(0.21, 0.012),
    muted: readable([0.53, grey, hue], [paper, panel, tint], 4.5, true),
    line: tone(0.885, 0.008),
    control: readable([0.66, grey, hue], [paper, panel], 3, true),
    brand: readable([lightness, chroma, hue], [onBrand], 4.5, onBrand === WHITE),
    "on-brand": onBrand,
    mark: readable([lightness, chroma, hue], [paper, panel], 3, true),
    accent: readable([lightness, chroma, hue], [paper, panel, tint], 4.5, true),
    warning: readable(WARNING, [paper, panel, tint], 4.5, true),
  };
}

/** Put the palette of a brand colour on the page. */
export function paint(brand: string, root: HTMLElement = document.documentElement): void {
  for (const [name, colour] of Object.entries(palette(brand))) root.style.setProperty(`--${name}`, colour);
}

/** WCAG 2's contrast of two colours, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function readable([start, chroma, hue]: Lch, surfaces: string[], ratio: number, darker: boolean): string {
  for (let lightness = start; ; lightness += darker ? -0.005 : 0.005) {
    const colour = toHex([Math.min(1, Math.max(0, lightness)), chroma, hue]);
    const over = darker ? lightness <= 0 : lightness >= 1;
    if (over || surfaces.every((surface) => contrast(colour, surface) >= ratio)) return colour;
  }
}

function luminance(colour: string): number {
  const [red, green, blue] = channels(colour);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channels(colour: string): Linear {
  const number = parseInt(colour.slice(1), 16);
  const at = (shift: number) => {
    const value = ((number >> shift) & 255) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [at(16), at(8), at(0)];
}

function fromHex(colour: string): Lch {
  const [red, green, blue] = channels(colour);
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  const a = 1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short;
  const b = 0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short;
  return [0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short, Math.hypot(a, b), Math.atan2(b, a)];
}

function toLinear([lightness, chroma, hue]: Lch): Linear {
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

/** The nearest colour that a screen has: chroma goes down until it fits. */
function toHex([lightness, wanted, hue]: Lch): string {
  for (let chroma = wanted; ; chroma -= 0.004) {
    const linear = toLinear([lightness, Math.max(chroma, 0), hue]);
    if (chroma <= 0 || linear.every((value) => value > -0.0005 && value < 1.0005)) {
      return `#${linear.map(byte).join("")}`;
    }
  }
}

function byte(value: number): string {
  const within = Math.min(1, Math.max(0, value));
  const shown = within <= 0.0031308 ? 12.92 * within : 1.055 * within ** (1 / 2.4) - 0.055;
  return Math.round(shown * 255).toString(16).padStart(2, "0");
}
