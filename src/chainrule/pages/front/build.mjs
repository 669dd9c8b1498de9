/**
 * Builds the modules and styles: `node build.mjs [FOLDER] [--shortened]`, into the folder above if none is named; with `--shortened` it lists the
 * names of properties that the modules do not keep.
 *
 * esbuild shortens names of variables by itself, and those of properties that it is told. Told are the names that are ours alone, as the compiler
 * knows them: a class or a type here declares them, and nobody else reads or gives a property of that name. Others are the browser, whoever wrote
 * the data that come or go (the types in OUTSIDE), and texts and attributes, whose keys are words. A name in quotes is kept where it stands.
 */

import esbuild from "esbuild";
import { basename } from "node:path";
import ts from "typescript";

/** Modules of types whose names are not ours to choose. */
const OUTSIDE = new Set(["content.ts", "messages.ts", "widget.ts"]);

function shortened() {
  const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  const isOutside = (file) => program.isSourceFileDefaultLibrary(file) || OUTSIDE.has(basename(file.fileName));
  const isOurs = (symbol) => symbol?.declarations?.every((declaration) => !isOutside(declaration.getSourceFile())) ?? false;
  /** The property of a type, or of the parts of a union that have it. */
  const propertyOf = (type, name) => (type?.isUnion() ? type.types : type ? [type] : []).flatMap((part) => part.getProperty(name) ?? []);
  const [own, others] = [new Set(), new Set()];
  const use = (name, symbols) => (symbols.length && symbols.every(isOurs)) || others.add(name);

  function visit(node) {
    const name = node.name && ts.isIdentifier(node.name) ? node.name.text : undefined;
    if (name && declares(node)) (isOutside(node.getSourceFile()) ? others : own).add(name);
    else if (ts.isPropertyAccessExpression(node)) use(name, [checker.getSymbolAtLocation(node.name)]);
    else if (ts.isObjectLiteralElementLike(node) && name) use(name, propertyOf(checker.getContextualType(node.parent), name));
    else if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent) && !node.dotDotDotToken) {
      const key = (node.propertyName ?? node.name).text;
      use(key, propertyOf(checker.getTypeAtLocation(node.parent), key));
    }
    ts.forEachChild(node, visit);
  }
  for (const file of program.getSourceFiles()) if (!program.isSourceFileDefaultLibrary(file)) visit(file);
  return [...own].filter((name) => !others.has(name)).sort();
}

/** Does a node declare a property, by itself or as a parameter of a constructor? */
const declares = (node) =>
  ts.isPropertyDeclaration(node) || ts.isPropertySignature(node) || ts.isMethodSignature(node) || (ts.isMethodDeclaration(node) && ts.isClassLike(node.parent)) ||
  (ts.isAccessor(node) && ts.isClassLike(node.parent)) || ts.isParameterPropertyDeclaration(node, node.parent);

const [folder = ".."] = process.argv.slice(2).filter((one) => one !== "--shortened");
const names = shortened();
const common = { minify: true, charset: "utf8", logLevel: "warning", outdir: folder };
const module = { ...common, bundle: true, target: "es2022" };
const mangleProps = new RegExp(`^(${names.join("|")})$`);
await esbuild.build({ ...module, entryPoints: { page: "offline.ts", served: "served.ts" }, format: "iife", mangleProps });
await esbuild.build({ ...module, entryPoints: ["widget.ts"], format: "esm" });
await esbuild.build({ ...common, entryPoints: ["page.css", "served.css"], target: ["chrome123", "firefox121", "safari17.5"] });
if (process.argv.includes("--shortened")) console.log(names.join("\n"));
