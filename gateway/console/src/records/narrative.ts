/** Lines of a FHIR narrative as text: markup of a document is never put on the page. */
export function narrativeLines(narrative: unknown): string[] {
  const parsed = new DOMParser().parseFromString(String(narrative ?? ''), 'text/html');
  const items = [...parsed.querySelectorAll('li')].map((item) => item.textContent?.trim() ?? '');
  return items.length > 0 ? items : [parsed.body.textContent?.trim() ?? ''].filter(Boolean);
}
