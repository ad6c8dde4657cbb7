/** The style sheet of pages: light, dark and on paper, wide and narrow. */
import { FONTS } from "./drawing.js";

export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6573; --paper: #ffffff; --panel: #f6f7f9; --line: #dfe3e8; --link: #0b62a8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #a3adba; --paper: #14181e; --panel: #1c2128; --line: #343c47; --link: #7cbcf2; }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 ${FONTS}; font-variant-numeric: tabular-nums; }
a { color: var(--link); text-underline-offset: 0.15em; }
.layout { display: grid; grid-template-columns: 13.5rem minmax(0, 49rem); gap: 3rem; max-width: 70rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
header { margin-bottom: 2rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 0.4rem; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 3rem 0 0.8rem; padding-top: 1.2rem; border-top: 1px solid var(--line); letter-spacing: -0.01em; }
h3 { font-size: 1.02rem; margin: 1.6rem 0 0.4rem; }
p { margin: 0.5rem 0; max-width: 44rem; }
.lead { color: var(--soft); font-size: 1.05rem; }
.kind { color: var(--soft); font-size: 0.8rem; letter-spacing: 0.06em; text-transform: uppercase; margin: 0 0 0.3rem; }
nav { position: sticky; top: 1.5rem; align-self: start; font-size: 0.9rem; max-height: calc(100vh - 3rem); overflow: auto; }
nav p { font-weight: 600; margin: 0 0 0.5rem; }
nav ol { list-style: none; margin: 0; padding: 0; }
nav ol ol { padding-left: 0.9rem; font-size: 0.92em; }
nav li { margin: 0.28rem 0; }
nav a { color: var(--soft); text-decoration: none; }
nav a:hover, nav a:focus { color: var(--ink); text-decoration: underline; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.4rem, 1fr)); gap: 0.8rem; margin: 1.4rem 0; }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem 0.95rem; }
.tile dt { color: var(--soft); font-size: 0.8rem; overflow-wrap: anywhere; }
.tile dd { margin: 0.1rem 0 0; font-size: 1.3rem; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }
.tile dd small { display: block; font-size: 0.78rem; font-weight: 400; color: var(--soft); }
.verdict { border-left: 3px solid #1f7ac0; background: var(--panel); padding: 0.6rem 1rem; margin: 0.8rem 0; border-radius: 0 6px 6px 0; }
.remark { border-left: 3px solid #d98c00; background: var(--panel); padding: 0.6rem 1rem; margin: 0.8rem 0; border-radius: 0 6px 6px 0; }
figure { margin: 1.4rem 0 2.2rem; }
figure h3 { margin: 0 0 0.5rem; }
.drawing { overflow-x: auto; }
.drawing svg { display: block; max-width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: 0.89rem; line-height: 1.5; margin-top: 0.6rem; max-width: 45rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; margin: 0.6rem 0; }
th, td { text-align: left; padding: 0.35rem 1.2rem 0.35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; }
td.number, th.number { text-align: right; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.8rem 0; }
summary { cursor: pointer; padding: 0.55rem 0.95rem; font-weight: 500; }
details pre { border-top: 1px solid var(--line); margin: 0; }
pre { overflow-x: auto; padding: 0.9rem; background: var(--panel); font: 0.82rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code { font: 0.9em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.swatch { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin-right: 0.4em; vertical-align: -0.05em; }
footer { color: var(--soft); font-size: 0.85rem; margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
@media (max-width: 60rem) {
  .layout { grid-template-columns: minmax(0, 1fr); gap: 1.2rem; padding: 1.4rem 1rem 3rem; }
  nav { position: static; max-height: none; border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem 1rem; }
  nav ol ol { display: none; }
  nav > ol { columns: 2; }
}
@media print {
  :root { --ink: #000000; --soft: #444444; --paper: #ffffff; --panel: #ffffff; --line: #bbbbbb; --link: #000000; color-scheme: light; }
  body { font-size: 10.5pt; }
  .layout { display: block; max-width: none; padding: 0; }
  nav { position: static; max-height: none; margin-bottom: 1rem; }
  nav ol ol { display: none; }
  h2 { break-after: avoid; }
  figure, .tile, tr { break-inside: avoid; }
  .drawing, .scroll { overflow: visible; }
  .drawing svg { min-width: 0 !important; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; block-size: auto; }
  details > summary { list-style: none; }
}
`;
