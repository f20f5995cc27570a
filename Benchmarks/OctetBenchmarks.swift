import ArgumentParser
import Calibration
import Datasets
import Execution
import Foundation
import Kernels
import Quantization
import Workbench

/// Measures what a person waits for.
@main
struct OctetBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "octet-benchmarks",
    abstract: "Time what-if, calibration, key presses and training, and watch the memory.",
    discussion: "Of repeated measurements the best counts; ratios are medians over pairs.")

  enum Part: String, CaseIterable, ExpressibleByArgument {
    case memory, calibration, whatif, keys, training
  }

  @Argument(help: "An ONNX model.", completion: .file(extensions: ["onnx"]))
  var model: String

  @Option(help: "Calibration data, as octet takes them; the word random for random data.")
  var data: String

  @Option(help: "As octet takes it.")
  var preprocess = ""

  @Option(help: "Threads for kernels.")
  var threads = 1

  @Option(help: "Kernels to use, such as avx2.")
  var isa = InstructionSet.best.rawValue

  @Option(help: "Samples in one batch.")
  var batch = 1

  @Option(help: "Batches in each timed calibration.")
  var batches = 32

  @Option(help: "How often everything is measured.")
  var rounds = 5

  @Option(help: "What to measure: \(Part.allCases.map(\.rawValue).joined(separator: ", ")).")
  var only: [Part] = []

  @Flag(
    help: "End with status 3 when a limit does not hold; limits are meant for efficientnet_lite0.")
  var strict = false

  @Flag(help: "Print JSON for machines.")
  var json = false

  func validate() throws {
    if min(threads, batch, batches, rounds) < 1 {
      throw ValidationError("--threads, --batch, --batches and --rounds take numbers above 0.")
    }
    guard InstructionSet.available.contains(where: { $0.rawValue == isa }) else {
      throw ValidationError(
        "--isa takes one of \(InstructionSet.available.map(\.rawValue).joined(separator: ", ")).")
    }
  }

  func run() throws {
    let parts = only.isEmpty ? Part.allCases : only
    let kernels = InstructionSet(rawValue: isa) ?? .best
    let project = try Project(
      path: model, options: HostOptions(instructionSet: kernels, threads: threads))
    let dataset = try project.dataset(request(limit: nil))
    let recipe = Recipe(target: .x86)
    var findings: [Finding] = []
    if parts.contains(.memory) {
      findings += try MemoryBenchmark(project: project, dataset: dataset).run()
    }
    if parts.contains(.calibration) {
      findings += try CalibrationBenchmark(
        project: project, dataset: dataset, batches: batches, rounds: rounds
      ).run()
    }
    if parts.contains(.training) {
      findings += try TrainingBenchmark(
        project: project, dataset: dataset, recipe: recipe, rounds: rounds
      ).run()
    }
    if parts.contains(.whatif) || parts.contains(.keys) {
      var workspace = Workspace(project: project)
      try workspace.calibrate(
        try project.dataset(request(limit: batch * batches)), control: JobControl()
      ) { _ in }
      if parts.contains(.whatif) {
        findings += try WhatIfBenchmark(workspace: workspace, recipe: recipe, rounds: rounds).run()
      }
      if parts.contains(.keys) {
        findings += try KeyPressBenchmark(
          workspace: workspace, recipe: recipe, dataset: try project.dataset(request(limit: 1)),
          rounds: rounds
        ).run()
      }
    }
    let report = Report(project, threads: threads, findings)
    try json ? report.printJSON() : print(report.text)
    if strict, findings.contains(where: { !$0.holds }) { throw ExitCode(3) }
  }

  private func request(limit: Int?) -> DataRequest {
    DataRequest(
      path: data == "random" ? "" : data, preprocessing: preprocess, batchSize: batch, limit: limit)
  }
}
