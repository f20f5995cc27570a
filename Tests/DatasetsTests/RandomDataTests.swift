import Tensors
import Testing

@testable import Datasets

@Suite struct RandomDataTests {
  private let input = InputSpecification(
    name: "x", elementType: .float32, dimensions: [nil, 3, 8, 8])

  private func dataset(
    _ source: DatasetSource, batchSize: Int = 4, limit: Int? = nil
  ) throws -> Dataset {
    try Dataset(
      source, inputs: [input], options: DatasetOptions(limit: limit, batchSize: batchSize))
  }

  @Test func saysThatItIsRandom() throws {
    let source = DatasetSource.random(seed: 7, count: 10)
    #expect(source.isRandom && source.name == "random data (seed 7)")
    #expect(try dataset(source).notes.contains { $0.contains("random data") })
  }

  @Test func aSampleDependsOnlyOnItsSeedAndPlace() throws {
    let source = DatasetSource.random(seed: 7, count: 10)
    let all = try dataset(source, batchSize: 10).batch(at: 0).inputs[0].tensor
    let fifth = try dataset(source, batchSize: 1).batch(at: 5).inputs[0].tensor
    #expect(all.slice(5) == fifth.slice(0))
    #expect(all.slice(4) != fifth.slice(0))
    let other = DatasetSource.random(seed: 8, count: 10)
    #expect(try dataset(other, batchSize: 10).batch(at: 0).inputs[0].tensor != all)
  }

  @Test func isSpreadAsAsked() throws {
    let normal = try dataset(.random(seed: 1, count: 100), batchSize: 100)
      .batch(at: 0).inputs[0].tensor.floats
    let mean = normal.reduce(0, +) / Float(normal.count)
    let square = normal.map { $0 * $0 }.reduce(0, +) / Float(normal.count)
    #expect(abs(mean) < 0.02 && abs(square - 1) < 0.03)
    let uniform = try dataset(
      .random(seed: 1, count: 100, distribution: .uniform(low: -2, high: 3)), batchSize: 100
    ).batch(at: 0).inputs[0].tensor.floats
    #expect(uniform.allSatisfy { (-2...3).contains($0) })
    #expect(abs(uniform.reduce(0, +) / Float(uniform.count) - 0.5) < 0.05)
  }

  @Test func integersAreSmallAndBytesFull() throws {
    let inputs = [
      InputSpecification(name: "ids", elementType: .int64, dimensions: [nil, 1000]),
      InputSpecification(name: "pixels", elementType: .uint8, dimensions: [nil, 1000]),
    ]
    let batch = try Dataset(.random(seed: 1, count: 2), inputs: inputs, options: DatasetOptions())
      .batch(at: 1)
    #expect(Set(batch.inputs[0].tensor.array(of: Int64.self)) == Set(0..<10))
    #expect(Set(batch.inputs[1].tensor.array(of: UInt8.self)).count > 200)
  }

  @Test func asksForDimensionsItCannotKnow() {
    let open = InputSpecification(name: "x", elementType: .float32, dimensions: [nil, 3, nil, nil])
    let said = message {
      _ = try Dataset(.random(seed: 1, count: 1), inputs: [open], options: DatasetOptions())
    }
    #expect(said.contains("N×3×?×?") && said.contains("--shape x="))
  }
}
