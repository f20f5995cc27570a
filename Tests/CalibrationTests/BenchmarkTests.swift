import Calibration
import Conversion
import Execution
import Tensors
import Testing

@Suite struct BenchmarkTests {
  @Test func everyLayerIsTimedInBothModels() throws {
    let layers = try Digits.layers()
    let conversion = try Digits.conversion(layers).conversion
    let inputs = try Digits.batches("test", count: 1, size: 1)[0].inputs
    var last: JobProgress?
    let report = try BenchmarkRunner(runs: 3, warmUp: 1, countsSaturation: true).run(
      [
        BenchmarkSubject(
          name: "float", model: layers.model, mode: .float, layers: layers, isPrepared: true),
        BenchmarkSubject(
          name: "int8", model: conversion.model, mode: .integer, layers: layers,
          isPrepared: true),
      ], inputs: inputs
    ) { last = $0 }
    #expect(last?.done == 3)
    #expect(report.results.map(\.model) == ["float", "int8"])
    let costs = try LayerCosts(layers: layers, shapes: inputs.mapValues(\.shape))
    for result in report.results {
      #expect(result.runs == 3)
      #expect(result.totals.count == 3)
      #expect(result.minimumMilliseconds <= result.medianMilliseconds)
      #expect(result.medianMilliseconds <= result.percentile99Milliseconds)
      for layer in layers.layers where layer.weight != nil {
        let row = try #require(result.layers.first { $0.name == layer.id })
        #expect(row.macs == costs.multiplyAccumulates[layer.id])
        #expect(row.isInteger == (result.model == "int8"))
        #expect(!row.kernel.isEmpty)
        #expect(row.bytesMoved > 0)
        #expect(row.outputShape.reduce(1, *) > 0)
      }
    }
    #expect(report.results[1].saturation.reduce(0) { $0 + $1.pairs } > 0)
    #expect(report.speedUp(of: 0) == 1)
  }

  @Test func costsAddUp() throws {
    let layers = try Digits.layers()
    let costs = try LayerCosts(layers: layers, shapes: ["input": [1, 1, 8, 8]])
    #expect(costs.multiplyAccumulates["/0/Conv"] == 64 * 16 * 9)
    #expect(costs.outputShapes["/6/MaxPool"] == [1, 16, 4, 4])
    let shares = layers.layers.map { costs.share(of: $0.id) }
    #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
  }

  @Test func quantilesAreOrderStatistics() {
    let odd = Quantiles([5, 1, 3])
    #expect(odd.minimum == 1)
    #expect(odd.median == 3)
    #expect(Quantiles([4, 1, 3, 2]).median == 2.5)
    let hundred = Quantiles((1...100).map(Double.init))
    #expect(hundred.at(0.9) == 90)
    #expect(hundred.at(0.99) == 99)
    #expect(hundred.at(1) == 100)
    #expect(Quantiles([7]).at(0.5) == 7)
  }
}
