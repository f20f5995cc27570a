package import Calibration
package import Conversion
package import Datasets
package import Quantization

extension Workspace {
  private static let remedy = "all:weight.bits=7"

  /// Counts on the first samples of `dataset` what saturates in ONNX Runtime's kernels on AVX2
  /// without VNNI, and what weights of 7 bits would make of it; `nil` for models without such
  /// products.
  package func saturation(
    _ recipe: Recipe, format: ExportFormat, dataset: Dataset, analysis: inout Analysis,
    control: JobControl = JobControl()
  ) throws -> SaturationSummary? {
    let report = try saturationReport(recipe, format, dataset, &analysis, control)
    guard !report.layers.isEmpty else { return nil }
    var summary = SaturationSummary(report)
    if report.saturated > 0 {
      var repaired = recipe
      let rule = try Rule(parsing: Self.remedy)
      repaired.set(rule.change, for: rule.scope)
      let found = try saturationReport(repaired, format, dataset, &analysis, control)
      summary.remedy = SaturationSummary.Remedy(
        rule: Self.remedy, saturated: found.saturated,
        outputDecibels: found.outputs.first?.saturating.decibels)
    }
    return summary
  }

  private func saturationReport(
    _ recipe: Recipe, _ format: ExportFormat, _ dataset: Dataset, _ analysis: inout Analysis,
    _ control: JobControl
  ) throws -> SaturationReport {
    try SaturationAnalysis(
      layers: try project.layers.grouped(by: recipe), conversion: try analysis.convert(recipe),
      format: format, threads: project.options.threads,
      instructionSet: project.options.instructionSet
    ).run(dataset, control: control)
  }
}

extension SaturationSummary {
  init(_ report: SaturationReport) {
    self.init(
      samples: report.sampleCount, pairs: report.pairs, saturated: report.saturated,
      layers: report.layers.filter { $0.saturated > 0 }
        .sorted { $0.saturated > $1.saturated }
        .map { Layer(layer: $0.name, pairs: $0.pairs, saturated: $0.saturated) },
      exactDecibels: report.outputs.first?.exact.decibels,
      saturatingDecibels: report.outputs.first?.saturating.decibels)
  }
}
