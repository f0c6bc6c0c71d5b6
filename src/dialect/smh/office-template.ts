/** Empty office documents, for clients that make a new one: the least that the format asks for (ECMA-376), zipped. */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { zipOf } from '../../http/zip.ts'

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const DOCUMENT = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const TYPES = 'application/vnd.openxmlformats-officedocument'
const DRAWING = 'http://schemas.openxmlformats.org/drawingml/2006/main'

/** A document's parts by their names. */
type Parts = Readonly<Record<string, string>>

/** By the vendor's names of its templates. */
const TEMPLATES: Readonly<Record<string, () => Parts>> = {
  'word.docx': wordParts,
  'excel.xlsx': excelParts,
  'powerpoint.pptx': powerpointParts,
}

/** The bytes of a template; undefined when there is none of that name. */
export async function officeTemplate(name: string): Promise<Buffer | undefined> {
  if (!Object.hasOwn(TEMPLATES, name)) return undefined
  const entries = Object.entries(TEMPLATES[name]!()).map(([part, text]) => {
    const bytes = Buffer.from(text)
    // The time is fixed, so that all documents made from a template have the same bytes.
    const about = { path: part.split('/'), size: bytes.length, modifiedAt: Date.UTC(2020, 0, 1) }
    return { ...about, open: async () => Readable.from([bytes]) }
  })
  const { stream } = await zipOf(entries)
  return buffer(stream)
}

/** What each part is; the relations between parts are of one kind. */
function typesOf(parts: Readonly<Record<string, string>>): Parts {
  const overrides = Object.entries(parts).map(([part, type]) => {
    return `<Override PartName="/${part}" ContentType="${TYPES}.${type}+xml"/>`
  })
  const relations = 'application/vnd.openxmlformats-package.relationships+xml'
  const defaults = `<Default Extension="rels" ContentType="${relations}"/><Default Extension="xml" ContentType="application/xml"/>`
  return {
    '[Content_Types].xml': `${XML}<Types xmlns="${PACKAGE}/content-types">${defaults}${overrides.join('')}</Types>`,
  }
}

/** The relations of a part ('' = of the whole) to others, in order: `rId1`, `rId2`, … */
function relationsOf(part: string, targets: readonly (readonly [kind: string, target: string])[]): Parts {
  const at = part.lastIndexOf('/') + 1
  const relations = targets.map(([kind, target], index) => {
    return `<Relationship Id="rId${index + 1}" Type="${DOCUMENT}/${kind}" Target="${target}"/>`
  })
  const text = `${XML}<Relationships xmlns="${PACKAGE}/relationships">${relations.join('')}</Relationships>`
  return { [`${part.slice(0, at)}_rels/${part.slice(at)}.rels`]: text }
}

function wordParts(): Parts {
  const body = '<w:body><w:p/><w:sectPr/></w:body>'
  return {
    ...typesOf({ 'word/document.xml': 'wordprocessingml.document.main' }),
    ...relationsOf('', [['officeDocument', 'word/document.xml']]),
    'word/document.xml': `${XML}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">${body}</w:document>`,
  }
}

function excelParts(): Parts {
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
  const sheets = '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets>'
  return {
    ...typesOf({
      'xl/workbook.xml': 'spreadsheetml.sheet.main',
      'xl/worksheets/sheet1.xml': 'spreadsheetml.worksheet',
    }),
    ...relationsOf('', [['officeDocument', 'xl/workbook.xml']]),
    ...relationsOf('xl/workbook.xml', [['worksheet', 'worksheets/sheet1.xml']]),
    'xl/workbook.xml': `${XML}<workbook ${main} xmlns:r="${DOCUMENT}">${sheets}</workbook>`,
    'xl/worksheets/sheet1.xml': `${XML}<worksheet ${main}><sheetData/></worksheet>`,
  }
}

/** A presentation without slides still has a master, a layout and a theme. */
function powerpointParts(): Parts {
  const main = 'http://schemas.openxmlformats.org/presentationml/2006/main'
  const spaces = `xmlns:a="${DRAWING}" xmlns:r="${DOCUMENT}" xmlns:p="${main}"`
  const group = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
  const slide = `<p:cSld><p:spTree>${group}</p:spTree></p:cSld>`
  const colors = ['bg1="lt1"', 'tx1="dk1"', 'bg2="lt2"', 'tx2="dk2"', ...accents((n) => `accent${n}="accent${n}"`)]
  const map = `<p:clrMap ${colors.join(' ')} hlink="hlink" folHlink="folHlink"/>`
  const layouts = '<p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst>'
  const masters = '<p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst>'
  const sizes = '<p:sldSz cx="12192000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/>'
  return {
    ...typesOf({
      'ppt/presentation.xml': 'presentationml.presentation.main',
      'ppt/slideMasters/slideMaster1.xml': 'presentationml.slideMaster',
      'ppt/slideLayouts/slideLayout1.xml': 'presentationml.slideLayout',
      'ppt/theme/theme1.xml': 'theme',
    }),
    ...relationsOf('', [['officeDocument', 'ppt/presentation.xml']]),
    ...relationsOf('ppt/presentation.xml', [
      ['slideMaster', 'slideMasters/slideMaster1.xml'],
      ['theme', 'theme/theme1.xml'],
    ]),
    ...relationsOf('ppt/slideMasters/slideMaster1.xml', [
      ['slideLayout', '../slideLayouts/slideLayout1.xml'],
      ['theme', '../theme/theme1.xml'],
    ]),
    ...relationsOf('ppt/slideLayouts/slideLayout1.xml', [['slideMaster', '../slideMasters/slideMaster1.xml']]),
    'ppt/presentation.xml': `${XML}<p:presentation ${spaces}>${masters}${sizes}</p:presentation>`,
    'ppt/slideMasters/slideMaster1.xml': `${XML}<p:sldMaster ${spaces}>${slide}${map}${layouts}</p:sldMaster>`,
    'ppt/slideLayouts/slideLayout1.xml': `${XML}<p:sldLayout ${spaces} type="blank">${slide}<p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sldLayout>`,
    'ppt/theme/theme1.xml': theme(),
  }
}

function accents(each: (number: number) => string): string[] {
  return [1, 2, 3, 4, 5, 6].map(each)
}

/** Black on white, in one font; the format wants three of each kind of line, fill and effect. */
function theme(): string {
  const color = (name: string, rgb: string) => `<a:${name}><a:srgbClr val="${rgb}"/></a:${name}>`
  const basic = [color('dk1', '000000'), color('lt1', 'FFFFFF'), color('dk2', '44546A'), color('lt2', 'E7E6E6')]
  const links = [color('hlink', '0563C1'), color('folHlink', '954F72')]
  const shades = ['4472C4', 'ED7D31', 'A5A5A5', 'FFC000', '5B9BD5', '70AD47']
  const scheme = [...basic, ...accents((n) => color(`accent${n}`, shades[n - 1]!)), ...links].join('')
  const font = (kind: string) =>
    `<a:${kind}Font><a:latin typeface="Calibri"/><a:ea typeface=""/><a:cs typeface=""/></a:${kind}Font>`
  const fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
  const thrice = (text: string) => text.repeat(3)
  const styles = [
    `<a:fillStyleLst>${thrice(fill)}</a:fillStyleLst>`,
    `<a:lnStyleLst>${thrice(`<a:ln w="6350">${fill}</a:ln>`)}</a:lnStyleLst>`,
    `<a:effectStyleLst>${thrice('<a:effectStyle><a:effectLst/></a:effectStyle>')}</a:effectStyleLst>`,
    `<a:bgFillStyleLst>${thrice(fill)}</a:bgFillStyleLst>`,
  ]
  const elements = [
    `<a:clrScheme name="Office">${scheme}</a:clrScheme>`,
    `<a:fontScheme name="Office">${font('major')}${font('minor')}</a:fontScheme>`,
    `<a:fmtScheme name="Office">${styles.join('')}</a:fmtScheme>`,
  ]
  return `${XML}<a:theme xmlns:a="${DRAWING}" name="Office"><a:themeElements>${elements.join('')}</a:themeElements></a:theme>`
}
