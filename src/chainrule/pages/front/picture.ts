/** A picture of the page as a file by itself, with the style that it has here. */

import { fill, html } from "./dom";

const STYLES = ["fill", "stroke", "stroke-width", "font-size", "font-style", "text-anchor", "opacity", "display"];
/** Pixels of a bitmap for one of the picture. */
const SCALE = 2;

function copied(picture: SVGSVGElement): SVGSVGElement {
  const copy = picture.cloneNode(true) as SVGSVGElement;
  const originals = picture.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((element, place) => {
    const style = getComputedStyle(originals[place]!);
    for (const name of STYLES) element.setAttribute(name, style.getPropertyValue(name));
  });
  return fill(copy, { xmlns: "http://www.w3.org/2000/svg", "font-family": "serif" });
}

const written = (picture: SVGSVGElement): string => new XMLSerializer().serializeToString(picture);

export const asSvg = (picture: SVGSVGElement): string => written(copied(picture));

/** On the ground of the page. */
export async function asPng(picture: SVGSVGElement): Promise<Blob> {
  const { width, height } = picture.viewBox.baseVal;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(written(fill(copied(picture), { width, height })))}`;
  await image.decode();
  const canvas = html("canvas", { width: SCALE * width, height: SCALE * height });
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob((blob) => done(blob!)));
}
