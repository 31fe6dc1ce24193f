/**
 * Lighthouse (mobile, simulated throttling) on pages of the portal as a signed-in member sees them.
 * Arguments: one JSON object {portal, email, password, browser, flags, pages: [path …], runs}; prints a JSON list of
 * {page, performance, lcp_ms, tbt_ms, cls, js_bytes, css_bytes}, one for each run.
 */
import lighthouse from "lighthouse";
import puppeteer from "puppeteer-core";

const { portal, email, password, browser: executablePath, flags, pages, runs } = JSON.parse(process.argv[2]);

const browser = await puppeteer.launch({ executablePath, headless: "shell", args: flags });
const found = [];
try {
  for (const path of pages) {
    // A tab of its own each time: the session lives in the tab.
    const tab = await browser.newPage();
    if (path !== "welcome") await signIn(tab);
    for (let run = 0; run < runs; run++) {
      const url = portal + (path === "welcome" ? "/" : path);
      // The browser's cache is emptied, the tab's session is kept.
      const settings = { onlyCategories: ["performance"], disableStorageReset: path !== "welcome" };
      const { lhr } = await lighthouse(url, { ...settings, output: "json", logLevel: "error" }, undefined, tab);
      if (lhr.runtimeError) throw new Error(`${path}: ${lhr.runtimeError.message}`);
      found.push({ page: path, ...figures(lhr) });
    }
    await tab.close();
  }
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify(found));

async function signIn(tab) {
  await tab.goto(portal, { waitUntil: "networkidle0" });
  await tab.waitForSelector(".welcome .button");
  await Promise.all([tab.waitForNavigation(), tab.click(".welcome .button")]);
  const form = await tab.waitForSelector("input[type=password]");
  await tab.type("input[name=username]", email);
  await form.type(password);
  await Promise.all([tab.waitForNavigation(), form.press("Enter")]);
  await tab.waitForFunction(() => location.pathname === "/" && document.querySelector(".standing"));
}

function figures(lhr) {
  const bytes = (kind) =>
    lhr.audits["network-requests"].details.items
      .filter((request) => request.resourceType === kind)
      .reduce((sum, request) => sum + request.transferSize, 0);
  return {
    performance: Math.round(lhr.categories.performance.score * 100),
    lcp_ms: Math.round(lhr.audits["largest-contentful-paint"].numericValue),
    tbt_ms: Math.round(lhr.audits["total-blocking-time"].numericValue),
    cls: Number(lhr.audits["cumulative-layout-shift"].numericValue.toFixed(4)),
    js_bytes: bytes("Script"),
    css_bytes: bytes("Stylesheet"),
  };
}
