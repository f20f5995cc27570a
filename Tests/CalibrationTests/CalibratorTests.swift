import Calibration
import Conversion
import Execution
import Foundation
import Quantization
import Tensors
import Testing

@Suite struct CalibratorTests {
  @Test func everyEdgeSeesEverySample() throws {
    let layers = try Digits.layers()
    let statistics = try Digits.statistics(layers, count: 3)
    #expect(statistics.batchCount == 3)
    #expect(statistics.sampleCount == 24)
    #expect(Set(statistics.edges.keys) == Set(layers.observedEdges))
    #expect(statistics.edges["input"]?.elementCount == 24 * 64)
    #expect(statistics.edges["logits"]?.elementCount == 24 * 10)
    #expect(statistics.edges["/2/Relu_output_0"]?.minimum == 0)
    #expect(statistics.edges["/2/Relu_output_0"]?.channels?.count == 16)
    #expect(statistics.nonFiniteEdges.isEmpty)
  }

  @Test func continuingIsTheSameAsOneRun() throws {
    let layers = try Digits.layers()
    let batches = try Digits.batches("calib", count: 4, size: 8)
    let calibrator = try Calibrator(layers: layers)
    let whole = try calibrator.run(batches)
    let first = try calibrator.run(Array(batches[..<2]))
    #expect(try calibrator.run(Array(batches[2...]), continuing: first) == whole)
  }

  @Test func aPlanThatIsMadeAheadAndSharedChangesNothing() throws {
    let layers = try Digits.layers()
    let batches = try Digits.batches("calib", count: 12, size: 8)
    let row = try Calibrator(layers: layers).run(batches)
    let shapes: [[String: Shape]?] = [
      ["input": [8, 1, 8, 8]], ["input": [3, 1, 8, 8]], ["input": [8, 64]], ["other": [1]], nil,
    ]
    for shape in shapes {
      let calibrator = try Calibrator(layers: layers, threads: 2)
      let source = ShapedBatches(batches: batches, expectedShapes: shape)
      calibrator.prepare(for: source)
      #expect(try calibrator.run(source) == row)
      #expect(try calibrator.run(source) == row)
    }
  }

  @Test(arguments: [8, 13])
  func batchesSideBySideAreTheSameAsInARow(count: Int) throws {
    let layers = try Digits.layers()
    // Ranges grow late, so that their order shows.
    let batches = try Digits.batches("calib", count: count, size: 8).enumerated().map {
      index, batch in
      InputBatch(
        inputs: batch.inputs.mapValues { tensor in
          Tensor(tensor.floats.map { $0 * Float(index + 1) }, shape: tensor.shape)
        }, sampleCount: batch.sampleCount)
    }
    let row = try Calibrator(layers: layers).run(batches)
    let first = try Calibrator(layers: layers).run(Array(batches[..<2]))
    for _ in 0..<5 {
      let control = JobControl()
      control.watched = ["/2/Relu_output_0"]
      var done: [Int] = []
      let calibrator = try Calibrator(layers: layers, threads: 2)
      let sideBySide = try calibrator.run(batches, control: control) {
        done.append($0.batchesDone)
      }
      #expect(sideBySide == row)
      #expect(done.last == count && done == done.sorted())
      #expect(
        try calibrator.run(Array(batches[2...]), continuing: first).edges["logits"]?.signed
          == row.edges["logits"]?.signed)
    }
  }

  @Test func oneBatchThatFailsEndsAllLanes() throws {
    let layers = try Digits.layers()
    var batches = try Digits.batches("calib", count: 12, size: 2)
    batches[7] = InputBatch(inputs: ["input": Tensor([Float(0)])], sampleCount: 1)
    let calibrator = try Calibrator(layers: layers, threads: 2)
    for _ in 0..<5 {
      #expect(throws: ExecutionError.self) { try calibrator.run(batches) }
    }
  }

  @Test func lanesPauseTogether() throws {
    let control = JobControl()
    control.step()
    var pausedAt: [Int] = []
    let statistics = try Calibrator(layers: try Digits.layers(), threads: 2).run(
      try Digits.batches("calib", count: 9, size: 2), control: control
    ) { report in
      guard report.isPaused else { return }
      pausedAt.append(report.batchesDone)
      if pausedAt.count < 3 { control.step() } else { control.resume() }
    }
    #expect(pausedAt == [1, 2, 3])
    #expect(statistics.batchCount == 9)
  }

  @Test func shardsAddUp() throws {
    let layers = try Digits.layers()
    let batches = try Digits.batches("calib", count: 4, size: 8)
    let calibrator = try Calibrator(layers: layers)
    let whole = try calibrator.run(batches)
    var merged = try calibrator.run(Array(batches[..<2]))
    merged.merge(try calibrator.run(Array(batches[2...])))
    #expect(merged.sampleCount == whole.sampleCount)
    for (edge, statistics) in whole.edges {
      #expect(merged.edges[edge]?.absolute == statistics.absolute)
      #expect(merged.edges[edge]?.minimum == statistics.minimum)
      #expect(merged.edges[edge]?.maximum == statistics.maximum)
      #expect(merged.edges[edge]?.channels?.maxima == statistics.channels?.maxima)
    }
  }

  @Test func batchesMayDifferInSize() throws {
    let layers = try Digits.layers()
    let sizes = try [1, 5, 3].flatMap { try Digits.batches("calib", count: 1, size: $0) }
    let statistics = try Calibrator(layers: layers).run(sizes)
    #expect(statistics.edges["logits"]?.elementCount == 90)
    #expect(statistics.sampleCount == 9)
  }

  @Test func statisticsSurviveAFile() throws {
    let statistics = try Digits.statistics(try Digits.layers())
    let decoded = try JSONDecoder().decode(
      CalibrationStatistics.self, from: JSONEncoder().encode(statistics))
    #expect(decoded == statistics)
  }

  @Test func theLastReportTellsEverything() throws {
    let layers = try Digits.layers()
    let control = JobControl()
    control.watched = ["/2/Relu_output_0"]
    let batches = try Digits.batches("calib", count: 3, size: 8)
    var last: CalibrationProgress?
    let statistics = try Calibrator(layers: layers).run(batches, control: control) { last = $0 }
    let report = try #require(last)
    #expect(report.batchesDone == 3)
    #expect(report.batchesTotal == 3)
    #expect(report.samples == 24)
    #expect(report.watched.map(\.edge) == ["/2/Relu_output_0"])
    let watched = try #require(report.watched.first)
    #expect(watched.statistics == statistics.edges["/2/Relu_output_0"])
    // The last batch by itself.
    let alone = try Calibrator(layers: layers).run([batches[2]])
    let expected = try #require(alone.edges["/2/Relu_output_0"])
    #expect(watched.batch?.maximum == expected.maximum)
    #expect(abs((watched.batch?.mean ?? 0) - expected.mean) < 1e-6)
  }

  @Test func aPauseIsReportedAndAStepTakesOneBatch() throws {
    let control = JobControl()
    control.step()
    var pausedAt: [Int] = []
    let statistics = try Calibrator(layers: try Digits.layers()).run(
      try Digits.batches("calib", count: 3, size: 2), control: control
    ) { report in
      guard report.isPaused else { return }
      pausedAt.append(report.batchesDone)
      if pausedAt.count == 1 { control.step() } else { control.resume() }
    }
    #expect(pausedAt == [1, 2])
    #expect(statistics.batchCount == 3)
  }

  @Test func cancellingStopsTheRun() throws {
    let control = JobControl()
    let calibrator = try Calibrator(layers: try Digits.layers())
    let batches = try Digits.batches("calib", count: 3, size: 2)
    #expect(throws: JobCancelled()) {
      try calibrator.run(batches, control: control) { _ in control.cancel() }
    }
  }

  @Test func noDataIsAnError() throws {
    let calibrator = try Calibrator(layers: try Digits.layers())
    #expect(throws: CalibrationError.noData) { try calibrator.run([InputBatch]()) }
  }

  @Test func whatIsNotFiniteIsCountedAndLeftOut() throws {
    let layers = try Digits.layers()
    var values = [Float](repeating: 0.5, count: 64)
    values[3] = .nan
    values[9] = .infinity
    let batch = InputBatch(
      inputs: ["input": Tensor(values, shape: [1, 1, 8, 8])], sampleCount: 1)
    let statistics = try Calibrator(layers: layers).run([batch])
    #expect(statistics.edges["input"]?.leftOutCount == 2)
    #expect(statistics.edges["input"]?.maximum == 0.5)
    #expect(statistics.nonFiniteEdges.contains { $0.edge == "input" && $0.count == 2 })
  }
}

/// Batches whose shapes are said before they are seen.
private struct ShapedBatches: BatchSource {
  let batches: [InputBatch]
  let expectedShapes: [String: Shape]?

  var batchCount: Int { batches.count }
  func inputBatch(at index: Int) -> InputBatch { batches[index] }
}
