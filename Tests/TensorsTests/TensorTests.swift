import Tensors
import Testing

@Suite struct TensorTests {
  @Test func aCopyDoesNotSeeLaterWrites() {
    var original = Tensor([1, 2, 3] as [Float])
    let copy = original
    original.withUnsafeMutableElements(of: Float.self) { $0[0] = 9 }
    #expect(copy.floats == [1, 2, 3])
    #expect(original.floats == [9, 2, 3])
  }

  @Test func borrowedMemoryIsNeverWritten() {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 64)
    memory.initializeMemory(as: Float.self, repeating: 5, count: 2)
    let storage = TensorStorage(borrowing: memory, byteCount: 8) { $0.deallocate() }
    var tensor = Tensor(.float32, shape: [2], storage: storage)
    tensor.withUnsafeMutableElements(of: Float.self) { $0[1] = 7 }
    #expect(tensor.floats == [5, 7])
    #expect(memory.assumingMemoryBound(to: Float.self)[1] == 5)
    _ = storage
  }

  @Test func fourBitTypesPackTwoToAByte() {
    #expect(Tensor(.int4, shape: [5]).byteCount == 3)
  }

  @Test func equalityIsOfBits() {
    #expect(Tensor([Float.nan]) == Tensor([Float.nan]))
    #expect(Tensor([Float(0)]) != Tensor([-Float(0)]))
    #expect(Tensor([1, 2] as [Int64]) != Tensor([1, 2] as [Int64], shape: [2, 1]))
  }
}
