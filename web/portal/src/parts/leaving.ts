/** Off to the payment provider's page, and what became of that. */
const WISH = (redemption: string) => `pay ${redemption}`;

/** The member pressed "continue to …": their order's page goes there by itself as soon as there is a page to go to. */
export const leaveWhenAsked = (redemption: string): void => sessionStorage.setItem(WISH(redemption), "now");

/** Whether that is wished; it is asked once. */
export function wishedToLeave(redemption: string): boolean {
  const wished = sessionStorage.getItem(WISH(redemption)) !== null;
  sessionStorage.removeItem(WISH(redemption));
  return wished;
}

/** Leave this app for the provider's page. False if that is no address of a web page. */
export function leaveFor(address: string): boolean {
  if (!/^https?:\/\//.test(address)) return false;
  location.assign(address);
  return true;
}
