import Glibc

/// Memory between two pages that must not be touched: one element too far, and the test crashes.
///
/// The elements lie flush against the page behind them, or the page before them.
final class GuardedBuffer<Element: BitwiseCopyable> {
  enum Edge { case end, start }

  let count: Int
  let base: UnsafeMutablePointer<Element>
  private let mapping: UnsafeMutableRawPointer
  private let byteCount: Int

  init(count: Int, flushWith edge: Edge = .end, repeating value: Element) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let bytes = count * MemoryLayout<Element>.stride
    let room = (bytes + page - 1) / page * page
    byteCount = room + 2 * page
    guard
      let mapping = mmap(
        nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      mapping != MAP_FAILED
    else { preconditionFailure("no \(byteCount) bytes of memory") }
    self.mapping = mapping
    self.count = count
    let start = edge == .end ? page + room - bytes : page
    base = (mapping + start).bindMemory(to: Element.self, capacity: count)
    base.initialize(repeating: value, count: count)
    let guards = [mapping, mapping + page + room].map { mprotect($0, page, PROT_NONE) }
    precondition(guards == [0, 0], "pages cannot be protected")
  }

  convenience init(_ values: [Element], flushWith edge: Edge = .end) where Element: Numeric {
    self.init(count: values.count, flushWith: edge, repeating: .zero)
    for (index, value) in values.enumerated() { base[index] = value }
  }

  deinit { munmap(mapping, byteCount) }

  var array: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }
}
