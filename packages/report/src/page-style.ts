/** Style of the page around the charts: one column of text, figures as wide as they need, light, dark and paper. */

export const pageStyle = `*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;background:var(--paper)}
body{margin:0;color:var(--ink);background:var(--paper);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;counter-reset:figure;overflow-wrap:anywhere}
main{max-width:1080px;margin:0 auto;padding:56px 28px 72px}
h1,h2,.result{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,"Liberation Serif",serif}
h1{font-size:clamp(30px,5vw,46px);line-height:1.12;font-weight:600;letter-spacing:-.012em;margin:0 0 8px;max-width:22em}
.subtitle{color:var(--soft);font-size:18px;margin:0 0 22px;max-width:44em}
.result{font-size:clamp(18px,2.2vw,21.5px);line-height:1.5;margin:22px 0 30px;max-width:39em}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,220px),1fr));gap:0 28px;margin:0}
.tiles>div{border-top:1px solid var(--rule);padding:10px 0 16px;min-width:0}
.tiles dt{font-size:13px;color:var(--soft)}.tiles dd{margin:2px 0 0}
.value{display:block;font-size:30px;line-height:1.2;font-weight:600;letter-spacing:-.015em;font-variant-numeric:tabular-nums}
.detail{display:block;white-space:pre-wrap;font-size:12.5px;color:var(--soft);font-variant-numeric:tabular-nums}
.note{font-size:13px;color:var(--soft);margin:10px 0}
section{margin-top:60px}
h2{font-size:27px;line-height:1.2;font-weight:600;letter-spacing:-.005em;margin:0 0 8px}
.lead{margin:0 0 24px;max-width:42em;color:var(--soft)}
figure{margin:0}.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:32px 44px;align-items:start}
.chart{display:block;width:100%;max-width:500px;height:auto;overflow:visible}
figcaption{counter-increment:figure;margin-top:16px;padding-top:10px;border-top:1px solid var(--rule);font-size:13.5px;line-height:1.5;color:var(--soft);max-width:62em}
figcaption::before{content:"Figure " counter(figure) ". ";font-weight:600;color:var(--ink)}
.key{font-weight:600}
code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.hit:hover{fill:var(--ink);fill-opacity:.05}.cell:hover{stroke:var(--ink);stroke-width:1}
.examples{display:flex;flex-wrap:wrap;gap:6px 8px}
.examples>input{position:absolute;opacity:0;pointer-events:none}
.examples>label{cursor:pointer;font-size:13.5px;padding:5px 12px;border:1px solid var(--rule);border-radius:16px;color:var(--soft)}
.examples>label:hover{border-color:var(--faint)}
.examples>input:checked+label{border-color:var(--ink);color:var(--ink);background:var(--wash)}
.examples>input:focus-visible+label{outline:2px solid var(--refusal);outline-offset:2px}
.trace{display:none;flex:0 0 100%;min-width:0;margin-top:12px}
.facts{display:flex;flex-wrap:wrap;gap:2px 18px;margin:0 0 10px;font-size:13.5px;color:var(--soft)}.facts span b{color:var(--ink)}
.spark{display:block;width:100%;height:64px;margin:0 0 14px;border-bottom:1px solid var(--rule)}
.region{display:grid;grid-template-columns:92px 1fr;gap:0 16px;padding:8px 0;border-top:1px solid var(--rule)}
.region:first-of-type{border-top:0}
.region h3{font-size:13px;font-weight:600;margin:3px 0 0;color:var(--ink)}.region h3 small{display:block;font-weight:400;color:var(--faint)}.region h3 small::after{content:" tokens"}
.tokens{margin:0;font:14px/1.95 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;min-width:0}
.tokens i,.scale i{font-style:normal;padding:2px 1px;border-radius:2px;background:color-mix(in srgb,var(--seq) calc(var(--a)*100%),var(--wash));-webkit-print-color-adjust:exact;print-color-adjust:exact}
.tokens i.none{background:none;color:var(--soft)}.tokens i:hover{outline:1.5px solid var(--ink)}.tokens em{color:var(--faint)}
.scale{display:flex;align-items:center;gap:0;font-size:12.5px;color:var(--soft);margin:18px 0 0}.scale i{width:18px;height:12px;padding:0;border-radius:0}.scale span{margin:0 6px}
.definitions{display:grid;grid-template-columns:minmax(120px,170px) 1fr;gap:6px 20px;font-size:14px;max-width:60em;margin:0 0 18px}.definitions dt{font-weight:600}.definitions dd{margin:0;color:var(--soft)}
details{margin:14px 0}summary{cursor:pointer;font-size:14px;font-weight:600}
.wide{overflow-x:auto;margin-top:8px}table{border-collapse:collapse;font-size:13px;width:100%}th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--rule)}th{font-weight:600;color:var(--soft)}.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.digest{white-space:nowrap;color:var(--soft)}.config{margin:2px 0}.config summary{font-weight:400;font-size:12.5px;color:var(--soft)}pre{margin:4px 0;font:12px/1.45 ui-monospace,Menlo,Consolas,"Liberation Mono",monospace;white-space:pre-wrap}pre span{display:block}
#tip{position:fixed;z-index:9;max-width:min(360px,calc(100vw - 16px));padding:6px 10px;border-radius:5px;background:var(--ink);color:var(--paper);font-size:12.5px;line-height:1.4;white-space:pre-line;pointer-events:none;font-variant-numeric:tabular-nums}
h3{font-size:16px;font-weight:600;margin:28px 0 8px}
.skip{position:absolute;left:-999px;top:8px;padding:8px 14px;background:var(--ink);color:var(--paper);border-radius:5px;z-index:10}.skip:focus{left:8px}
main:focus{outline:none}
:focus-visible{outline:2px solid var(--refusal);outline-offset:2px}
.js{display:none}.scripted .js{display:block}
.chart:has(.cell[data-head]){touch-action:manipulation}.cell[data-head],[data-names]{cursor:pointer}.cell[data-head]:focus{outline:none;stroke:var(--ink);stroke-width:2.5}.cell[aria-pressed=true]{stroke:var(--ink);stroke-width:2}
.detail-box{border:1px solid var(--rule);border-radius:6px;padding:12px 18px 16px;margin-top:18px;background:var(--wash)}.detail-box h3{margin:0 0 6px}
.downloads{display:none;flex-wrap:wrap;align-items:center;gap:6px 8px;margin:12px 0 0;font-size:13px;color:var(--soft)}.scripted .downloads{display:flex}
button.csv,select,input[type=search]{font:inherit;font-size:13px;color:var(--ink);background:var(--paper);border:1px solid var(--rule);border-radius:5px;padding:4px 9px;max-width:100%}
button.csv{cursor:pointer}button.csv:hover,select:hover{border-color:var(--faint)}
.control{margin:0 0 14px;font-size:13.5px;color:var(--soft)}
#curve-panels+.panels{margin-top:32px}
.filters{display:flex;flex-wrap:wrap;gap:8px 14px;align-items:end;margin:0;font-size:12.5px;color:var(--soft)}.filters label{display:grid;gap:2px;min-width:0}.filters label[hidden]{display:none}.filters .wide-field{flex:1 1 100%}.filters input{width:100%}
.split{display:grid;grid-template-columns:minmax(0,330px) minmax(0,1fr);gap:0 24px;margin-top:12px;border:1px solid var(--rule);border-radius:6px;overflow:hidden}
.list{position:relative;height:min(640px,80vh);overflow-y:auto;overflow-x:hidden;border-right:1px solid var(--rule);contain:strict;overscroll-behavior:contain}.list:focus-visible{outline-offset:-2px}
.spacer{position:relative}.row{position:absolute;left:0;right:0;top:0;height:58px;padding:8px 12px;border-bottom:1px solid var(--rule);cursor:pointer;overflow:hidden;contain:layout paint}
.row:hover{background:var(--wash)}.row[aria-selected=true]{background:var(--shade);box-shadow:inset 3px 0 var(--refusal)}
.row .prompt{display:block;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;font-size:13.5px;line-height:1.4}
.row .about{display:flex;gap:10px;font-size:12px;line-height:1.5;color:var(--soft);white-space:nowrap;overflow:hidden}.row .about>*{flex:0 1 auto;overflow:hidden;text-overflow:ellipsis}.levels{margin-left:auto;flex:none!important;font-variant-numeric:tabular-nums}.verdict.harmful{color:var(--suppress)}
.view{height:min(640px,80vh);overflow-y:auto;padding:4px 18px 18px 0;min-width:0}.view .trace{margin-top:8px}.trace.shown{display:block}
.beside{margin:8px 0 0;font-size:13px;color:var(--soft)}.beside select{max-width:min(100%,26em)}
.sides{display:grid;grid-template-columns:minmax(0,1fr);gap:0 22px}.double .sides{grid-template-columns:repeat(auto-fit,minmax(min(100%,280px),1fr))}
.side{min-width:0;container-type:inline-size}.side .region{grid-template-columns:1fr}.side .region h3 small{display:inline;margin-left:8px}.side .spark{height:52px}.side .facts{gap:0 14px}
.block{display:block;content-visibility:auto;contain-intrinsic-size:auto 400px}
.tokens i.current{outline:2px solid var(--ink)}.tokens i.fall{box-shadow:0 2px var(--suppress)}
.steps{margin:0;padding-left:2.2em;font-size:14px;color:var(--soft);max-width:60em}.steps code{color:var(--ink);font-weight:600}.steps ul{margin:2px 0 8px;padding-left:1em;list-style:none}.steps small{color:var(--faint)}
.lineage .chart{max-width:none;margin:2px}.task{fill:var(--wash);stroke:var(--rule)}.edge{fill:none;stroke:var(--faint);stroke-opacity:.45}.tiny{font-size:9.5px;fill:var(--faint)}
@media(max-width:820px){.split{grid-template-columns:minmax(0,1fr)}.list{height:240px;border-right:0;border-bottom:1px solid var(--rule)}.view{height:auto;max-height:none;padding:4px 14px 14px}}
@media(max-width:640px){main{padding:32px 16px 48px}section{margin-top:44px}.tiles{grid-template-columns:1fr 1fr;gap:0 18px}.value{font-size:25px}.region{grid-template-columns:1fr}.region h3 small{display:inline;margin-left:8px}.definitions{grid-template-columns:1fr;gap:0}.definitions dd{margin-bottom:8px}.panels{gap:28px}.spark{height:48px}}
@media print{.panels{grid-template-columns:1fr 1fr}main{max-width:none;padding:0}section{margin-top:28px}figure,.tiles>div,.region{break-inside:avoid}h2,.lead{break-after:avoid}.examples>input,.examples>label,#tip,#browser,.downloads,.scripted .downloads,.control,.scripted .js,.detail-box,.skip{display:none!important}.lineage>div{width:100%!important}.wide{overflow:visible}.trace{display:block;margin-top:20px}body{font-size:11pt}}`;
