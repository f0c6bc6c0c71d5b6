/** What the bench uses of autocannon, which ships no types. */
declare module 'autocannon' {
  function autocannon(options: {
    url: string
    method: string
    headers: Record<string, string>
    body?: string
    connections: number
    /** s */
    duration: number
  }): Promise<{ non2xx: number; requests: { average: number } }>
  export = autocannon
}
