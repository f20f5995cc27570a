/// Elements that never change, at a 64-byte boundary, for kernels to read by address.
///
/// `@unchecked`: the memory is written by `init` only.
final class ConstantBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  let base: UnsafePointer<Element>
  let count: Int
  private let memory: UnsafeMutableRawPointer

  /// Copies `elements`, followed by `padding` up to `minimumCount` of them.
  init(_ elements: some Collection<Element>, minimumCount: Int = 1, padding: Element) {
    count = max(elements.count, minimumCount, 1)
    memory = .allocate(byteCount: count * MemoryLayout<Element>.stride, alignment: 64)
    let start = memory.bindMemory(to: Element.self, capacity: count)
    start.initialize(repeating: padding, count: count)
    for (index, element) in elements.enumerated() { start[index] = element }
    base = UnsafePointer(start)
  }

  /// `count` elements that `fill` writes, all of them.
  init(count: Int, _ fill: (UnsafeMutablePointer<Element>) -> Void) {
    self.count = max(count, 1)
    memory = .allocate(byteCount: self.count * MemoryLayout<Element>.stride, alignment: 64)
    let start = memory.bindMemory(to: Element.self, capacity: self.count)
    fill(start)
    base = UnsafePointer(start)
  }

  deinit { memory.deallocate() }
}
