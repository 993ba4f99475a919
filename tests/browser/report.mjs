// Opens an HTML report in Chromium as a reader would, and says what was seen, as JSON.
// Usage: node report.mjs CHROMIUM REPORT.html [SCREENSHOT.png [light|dark]]
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.NODE_MODULES + "/");
const { chromium } = require("playwright-core");
const [executablePath, report, screenshot, scheme] = process.argv.slice(2);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: 1240, height: 900 }, colorScheme: scheme || "light" });
const seen = { console: [], requests: [], dialogs: 0 };
page.on("console", (message) => seen.console.push(message.text()));
page.on("pageerror", (error) => seen.console.push(String(error)));
page.on("dialog", (dialog) => { seen.dialogs += 1; dialog.dismiss(); });
page.on("request", (request) => { if (!request.url().startsWith("file:")) seen.requests.push(request.url()); });

const address = pathToFileURL(report).href;
const begun = Date.now();
await page.goto(address);
await page.waitForSelector("#list li");
seen.opened_ms = Date.now() - begun;
seen.requested = await page.evaluate(() => performance.getEntriesByType("resource").length);

const shown = () => page.$$eval("#list > li .id", (nodes) => nodes.map((node) => node.textContent));
const count = () => page.textContent("#count");
const settled = async (act) => {
  const before = await page.evaluate(() => (window.oldList = document.querySelector("#list").firstChild, true));
  await act();
  await page.waitForFunction(() => document.querySelector("#list").firstChild !== window.oldList);
  return { before, count: await count(), ids: await shown() };
};
if (screenshot) await page.screenshot({ path: screenshot, fullPage: false });

seen.all = { count: await count(), ids: (await shown()).slice(0, 20) };
seen.heading = await page.textContent("h1");
seen.first_open = await page.getAttribute("#list li:first-child .head", "aria-expanded");
seen.elements = await page.evaluate(() => ({
  images: document.querySelectorAll("img, iframe, object, embed, a[href^=javascript]").length,
  scripts: document.querySelectorAll("script").length,
  charts: document.querySelectorAll("#charts figure").length,
  owned: window.owned === undefined,
}));
seen.diff = await page.$$eval("#list del, #list ins", (nodes) => nodes.length);
const verdicts = await page.$$eval("#filter-verdict option", (nodes) => nodes.map((node) => node.value));
seen.verdicts = verdicts;
seen.passed = await settled(() => page.selectOption("#filter-verdict", "pass"));
seen.category = await page.$$eval("#filter-category option", (nodes) => nodes.map((node) => node.value));
await settled(() => page.click("#filters button[type=reset]"));
seen.nothing = await settled(() => page.fill("#filter-text", "no such text anywhere"));
const filtering = Date.now();
seen.searched = await settled(() => page.fill("#filter-text", "onerror"));
seen.filtered_ms = Date.now() - filtering;
await settled(() => page.click("#filters button[type=reset]"));

// By keyboard alone: to the second case, open it, close it.
const heads = page.locator("#list .head");
if (await heads.count() > 1) {
  await heads.nth(1).focus();
  await page.keyboard.press("Enter");
  const opened = await heads.nth(1).getAttribute("aria-expanded");
  seen.detail = await page.locator("#list > li").nth(1).innerText();
  await page.keyboard.press("Enter");
  seen.keyboard = [opened, await heads.nth(1).getAttribute("aria-expanded")];
}
await page.emulateMedia({ media: "print" });
seen.print_hides_filters = await page.isHidden("#filters");
await browser.close();
console.log(JSON.stringify(seen));
