/**
 * Builds the modules and styles into a folder: `node build.mjs [FOLDER]`, the one above if none is named; `node build.mjs --shortened` lists the
 * names that modules do not keep.
 *
 * esbuild shortens names of variables by itself, and those of properties where it is told that nobody outside reads them. That is known of a
 * property that some class or type here declares, and that no browser has, no data that come or go (content.ts, channel.ts, widget.ts), nothing that is named in quotes here, and
 * no public member of the page, which a person may ask in a console.
 */

import esbuild from "esbuild";
import { basename } from "node:path";
import ts from "typescript";

const OUTSIDE = new Set(["content.ts", "channel.ts", "console.ts", "widget.ts"]);

const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
const program = ts.createProgram(fileNames, options);

/** Names of properties that are ours alone. */
function shortened() {
  const [own, others] = [new Set(), new Set()];
  for (const file of program.getSourceFiles()) {
    const ours = !file.fileName.includes("node_modules") && !OUTSIDE.has(basename(file.fileName));
    const visit = (node, parent) => {
      const name = node.name && ts.isIdentifier(node.name) ? node.name.text : undefined;
      if (ts.isStringLiteralLike(node) && names(node, parent)) others.add(node.text);
      if (name && declares(node, parent)) (ours ? own : others).add(name);
      ts.forEachChild(node, (child) => visit(child, node));
    };
    visit(file);
  }
  return [...own].filter((name) => !others.has(name) && !name.includes("_")).sort(); // Python's names have an underscore
}

/** Does a text name a property: a["x"], { "x": … }, "x" in a? */
const names = (text, parent) => ts.isElementAccessExpression(parent) || parent.name === text || (ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.InKeyword);

/** Does a node declare a property, by itself or as a parameter of a constructor? */
const declares = (node, parent) =>
  ts.isPropertyDeclaration(node) || ts.isPropertySignature(node) || ts.isMethodDeclaration(node) || ts.isMethodSignature(node) || ts.isAccessor(node) || ts.isParameterPropertyDeclaration(node, parent);

const common = { bundle: true, minify: true, charset: "utf8", logLevel: "warning" };
const [folder = ".."] = process.argv.slice(2);
if (folder === "--shortened") console.log(shortened().join("\n"));
else {
  const mangleProps = new RegExp(`^(${shortened().join("|")})$`);
  await esbuild.build({ ...common, entryPoints: { page: "offline.ts", served: "served.ts" }, outdir: folder, format: "iife", target: "es2022", mangleProps });
  await esbuild.build({ ...common, entryPoints: ["widget.ts"], outdir: folder, format: "esm", target: "es2022" });
  await esbuild.build({ ...common, bundle: false, entryPoints: ["page.css", "served.css"], outdir: folder, target: ["chrome123", "firefox121", "safari17.5"] });
}
