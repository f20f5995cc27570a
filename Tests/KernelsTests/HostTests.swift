import CKernels
import Glibc
import Testing

@testable import Kernels

/// What is asked of the machine.
@Suite struct HostTests {
  @Test func theAffinityMaskBoundsTheProcessors() {
    var before = cpu_set_t()
    #expect(sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &before) == 0)
    defer { _ = sched_setaffinity(0, MemoryLayout<cpu_set_t>.size, &before) }
    let all = kern_allowed_processors()
    #expect(all >= 1 && all <= sysconf(Int32(_SC_NPROCESSORS_CONF)))
    // This thread alone, on the first processor that it may use.
    var one = cpu_set_t()
    withUnsafeBytes(of: before) { allowed in
      withUnsafeMutableBytes(of: &one) { mask in
        guard let byte = allowed.firstIndex(where: { $0 != 0 }) else { return }
        mask[byte] = allowed[byte] & (~allowed[byte] &+ 1)
      }
    }
    #expect(sched_setaffinity(0, MemoryLayout<cpu_set_t>.size, &one) == 0)
    #expect(kern_allowed_processors() == 1)
  }

  @Test(arguments: InstructionSet.available)
  func everyPeakIsMeasured(isa: InstructionSet) throws {
    let table = try #require(kern_peak_table_for(isa.kernelIsa)).pointee
    var (macs, narrow) = (UInt64(0), UInt64(0))
    _ = table.u8s8(100, &macs)
    _ = table.u8s8_narrow(100, &narrow)
    #expect(macs > 0 && narrow >= 8 * 100 * 8)
    // The last byte counts, and none behind it.
    let source = GuardedBuffer<UInt8>(count: 8192, repeating: 3)
    let target = GuardedBuffer<UInt8>(count: 8192, repeating: 0)
    table.copy(target.base, source.base, 8192)
    #expect(target.array == source.array)
    table.write(target.base, 8192)
    #expect(target.array.allSatisfy { $0 == 1 })
    let before = table.read(source.base, 8192)
    source.base[0] ^= 0x40
    #expect(table.read(source.base, 8192) != before)
  }
}
