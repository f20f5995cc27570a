/// Memory for packed weights: aligned to a cache line, zero at first.
///
/// `@unchecked`: written only while the object that owns it is built, or by training, which lets
/// nobody read meanwhile.
final class PackedFloats: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int

  init(count: Int) {
    self.count = count
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    base = raw.bindMemory(to: Float.self, capacity: count)
    base.initialize(repeating: 0, count: count)
  }

  deinit { base.deallocate() }
}

/// `value` rounded up to a multiple of `step`.
func roundedUp(_ value: Int, to step: Int) -> Int { (value + step - 1) / step * step }
