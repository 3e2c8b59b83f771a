// One image of a client's request: in the request itself, or at an address. Nothing is fetched here; whether a vendor
// fetches an address is the vendor's matter.

import type { ContentPart, ImageDetail } from "../domain/message.ts";
import { ParamError } from "./errors.ts";

/** What every vendor that sees can see. */
const MEDIA_TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const DATA_URL = /^data:([^,;]*)(;[^,]*)?,/i;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

interface Given {
  readonly url: string;
  readonly detail?: ImageDetail;
}

export function readImage({ url, detail }: Given, at: string): ContentPart {
  const told = detail === undefined ? {} : { detail };
  const param = `${at}.url`;
  const refuse = (why: string): never => {
    throw new ParamError(param, `${param}: ${why}`);
  };
  const head = DATA_URL.exec(url);
  if (head === null) {
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
      refuse("this is no data: URL and no address of http or https");
    return { type: "image_url", url, ...told };
  }
  const [whole, mediaType = "", parameters = ""] = head;
  const type = mediaType.toLowerCase();
  if (!MEDIA_TYPES.includes(type))
    refuse(`${JSON.stringify(mediaType)} is no image that models see (${MEDIA_TYPES.join(", ")})`);
  if (!/;base64$/i.test(parameters)) refuse("a data: URL must be base64");
  const base64 = url.slice(whole.length);
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) refuse("what follows the comma is no base64");
  return { type: "image", mediaType: type, base64, ...told };
}
