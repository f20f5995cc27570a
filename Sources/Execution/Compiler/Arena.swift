internal import Glibc
internal import Tensors

/// The working memory of all plans of an executor; as large as the largest plan that ran.
final class Arena {
  private var base: UnsafeMutableRawPointer?
  private var byteCount = 0
  private var table: UnsafeMutablePointer<UnsafeMutableRawPointer>?
  private var tableCount = 0
  /// The plan whose fixed buffers `table` holds.
  private weak var current: CompiledPlan?

  /// Kernels may read a vector beyond the last buffer.
  private static let slack = 64

  /// Where each buffer of `plan` is, for inputs and carried buffers in these places. Valid until
  /// the next call.
  func table(
    for plan: CompiledPlan, inputs: [String: Tensor], carried: [TensorStorage]
  ) throws(ExecutionError) -> UnsafeMutablePointer<UnsafeMutableRawPointer> {
    let base = try memory(byteCount: plan.arenaByteCount)
    if current === plan, let table {
      fill(table, plan, inputs, carried, base, isNew: false)
      return table
    }
    if table == nil || tableCount < plan.buffers.count {
      table?.deallocate()
      tableCount = max(plan.buffers.count, 1)
      table = .allocate(capacity: tableCount)
    }
    guard let table else {
      preconditionFailure("no table for \(plan.buffers.count) buffers")
    }
    fill(table, plan, inputs, carried, base, isNew: true)
    current = plan
    return table
  }

  private func fill(
    _ table: UnsafeMutablePointer<UnsafeMutableRawPointer>, _ plan: CompiledPlan,
    _ inputs: [String: Tensor], _ carried: [TensorStorage], _ base: UnsafeMutableRawPointer,
    isNew: Bool
  ) {
    for (index, buffer) in plan.buffers.enumerated() {
      switch buffer.home {
      case .input(let name):
        if let tensor = inputs[name] { table[index] = tensor.storage.base + tensor.byteOffset }
      case .carried(let slot):
        table[index] = carried[slot].base
      case .constant(let tensor) where isNew:
        table[index] = tensor.storage.base + tensor.byteOffset
      case .arena where isNew:
        table[index] = base + plan.offsets[index]
      default:
        break
      }
    }
  }

  /// At least so many bytes; where they lie may change when a larger plan runs.
  func memory(byteCount wanted: Int) throws(ExecutionError) -> UnsafeMutableRawPointer {
    if let base, wanted <= byteCount { return base }
    if let base { free(base) }
    base = nil
    byteCount = 0
    current = nil
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, wanted + Self.slack) == 0, let memory else {
      throw .notEnoughMemory(bytes: wanted)
    }
    base = memory
    byteCount = wanted
    return memory
  }

  deinit {
    if let base { free(base) }
    table?.deallocate()
  }
}
