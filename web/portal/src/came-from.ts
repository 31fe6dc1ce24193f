/** From which kind of page a member came to a product, by the place of the page before; null: from outside. */
export function cameFrom(place: string | null): "home" | "search" | "category" | "product" | "wishlist" | "elsewhere" {
  const [path = "", query = ""] = (place ?? "").split("?");
  if (path === "/") return "home";
  if (path === "/browse") return new URLSearchParams(query).get("search") ? "search" : "category";
  if (path.startsWith("/products/")) return "product";
  return path === "/wishlist" ? "wishlist" : "elsewhere";
}
