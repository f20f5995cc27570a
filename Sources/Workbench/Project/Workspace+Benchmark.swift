package import Calibration
import Conversion
package import Datasets
import Execution
import Kernels
package import Quantization
package import Sessions

extension Workspace {
  /// Times float and int8 in turn on one batch, layer by layer, and counts what an unguarded
  /// `vpmaddubsw` would have saturated.
  package func benchmark(
    _ recipe: Recipe, analysis: inout Analysis, batch: Batch, runs: Int, batchSize: Int,
    control: JobControl, progress: (JobProgress) -> Void
  ) throws -> BenchmarkTable {
    let conversion = try analysis.convert(recipe)
    let layers = try project.layers.grouped(by: recipe)
    let inputs = try sampleInputs(batch)
    let runner = BenchmarkRunner(
      runs: runs, threads: project.options.threads,
      instructionSet: project.options.instructionSet, countsSaturation: true)
    let report = try runner.run(
      [
        BenchmarkSubject(
          name: "fp32", model: layers.model, mode: .float, layers: layers,
          isPrepared: true),
        BenchmarkSubject(
          name: "int8", model: conversion.model, mode: .integer, layers: layers,
          isPrepared: true),
      ], inputs: inputs, control: control
    ) { step in progress(JobProgress(done: step.done, total: step.total, detail: step.label)) }
    let peak = HostPeak.measure(
      threads: project.options.threads, instructionSet: project.options.instructionSet)
    return BenchmarkTable(
      rows: rows(report, peak), float: BenchmarkTable.Latency(report.results[0]),
      int8: BenchmarkTable.Latency(report.results[1]), speedUp: report.speedUp(of: 1), runs: runs,
      threads: project.options.threads, batchSize: batchSize,
      floatByteCount: conversion.sizes.floatByteCount,
      int8ByteCount: conversion.sizes.quantizedByteCount, floatPeak: peak.float32,
      int8Peak: peak.int8, narrowPeak: peak.int8Narrow, host: HostDescription.processor)
  }

  private func rows(_ report: BenchmarkReport, _ peak: HostPeak) -> [BenchmarkTable.Row] {
    func byName(_ result: BenchmarkResult) -> [String: LayerTiming] {
      Dictionary(result.layers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
    let float = byName(report.results[0])
    let saturation = Dictionary(
      report.results[1].saturation.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var rows = report.results[1].layers.map { int8 in
      let found = saturation[int8.name]
      let isMeasured = int8.macs > 0 && int8.medianMicroseconds > 0
      let roofline = Roofline(int8, under: peak)
      return BenchmarkTable.Row(
        id: int8.name, floatKernel: float[int8.name]?.kernel ?? "", int8Kernel: int8.kernel,
        floatMicroseconds: float[int8.name]?.medianMicroseconds,
        int8Microseconds: int8.medianMicroseconds, multiplyAccumulates: int8.macs,
        int8GigaMACs: isMeasured ? int8.throughput : nil,
        shareOfPeak: roofline?.shareOfPeak, saturatedPairs: found?.saturated, pairs: found?.pairs,
        bytesMoved: int8.bytesMoved, safeRun: int8.safeRun, ceiling: roofline?.ceiling.rawValue,
        ceilingRate: roofline?.rate,
        shareOfCeiling: roofline?.share,
        remark: LayerRemark.text(int8, under: peak, isExpectedInteger: true))
    }
    let known = Set(rows.map(\.id))
    rows += report.results[0].layers.filter { !known.contains($0.name) }.map { timing in
      BenchmarkTable.Row(
        id: timing.name, floatKernel: timing.kernel, int8Kernel: "",
        floatMicroseconds: timing.medianMicroseconds, multiplyAccumulates: timing.macs)
    }
    return rows
  }
}

extension BenchmarkTable.Latency {
  init(_ result: BenchmarkResult) {
    self.init(
      minimum: result.minimumMilliseconds, median: result.medianMilliseconds,
      percentile90: result.percentile90Milliseconds,
      percentile99: result.percentile99Milliseconds)
  }
}
