import { describe, expect, it } from 'vitest'
import { contentHeaders } from './content-headers.ts'

const headers = (name: string, type = '', attachment = false) => contentHeaders({ name, type, attachment })

describe('the headers of a download', () => {
  it('give the media type of the ticket, or else of the name', () => {
    expect(headers('a.PNG')['Content-Type']).toBe('image/png')
    expect(headers('a.txt')['Content-Type']).toBe('text/plain; charset=utf-8')
    expect(headers('a.png', 'image/webp')['Content-Type']).toBe('image/webp')
    expect(headers('a')['Content-Type']).toBe('application/octet-stream')
    expect(headers('png')['Content-Type']).toBe('application/octet-stream')
    expect(headers('a.constructor')['Content-Type']).toBe('application/octet-stream')
  })

  it('take no media type that could end its line', () => {
    expect(headers('a.png', 'text/html\r\nSet-Cookie: a=b')['Content-Type']).toBe('image/png')
  })

  it('name the file in ASCII and whole', () => {
    expect(headers('报告 "1"%.png')['Content-Disposition']).toBe(
      `inline; filename="__ _1__.png"; filename*=UTF-8''%E6%8A%A5%E5%91%8A%20%221%22%25.png`,
    )
    expect(headers("a'(1)*.png", '', true)['Content-Disposition']).toBe(
      `attachment; filename="a'(1)*.png"; filename*=UTF-8''a%27%281%29%2A.png`,
    )
  })

  it.each(['a.html', 'a.HTM', 'a.svg', 'a.xml'])('never let %s be shown on our address', (name) => {
    expect(headers(name)['Content-Disposition']).toMatch(/^attachment/)
    expect(headers(name)['Content-Security-Policy']).toMatch(/^sandbox/)
    expect(headers(name)['X-Content-Type-Options']).toBe('nosniff')
  })

  it('judge the type that is sent, not the name', () => {
    expect(headers('a.png', 'text/html')['Content-Disposition']).toMatch(/^attachment/)
    expect(headers('a.png', 'application/xhtml+xml')['Content-Disposition']).toMatch(/^attachment/)
  })

  it('leave a PDF to the browser’s own viewer', () => {
    expect(headers('a.pdf')['Content-Security-Policy']).toBeUndefined()
    expect(headers('a.pdf')['X-Content-Type-Options']).toBe('nosniff')
  })
})
