import ArgumentParser
import Calibration
import Datasets
import Foundation
import Kernels
import Workbench

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at this host, and at data before they are used.")

  @Argument(help: "The model that the data are for.", completion: .file(extensions: ["onnx"]))
  var model: String?

  @OptionGroup var data: DataArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var output: OutputArguments

  func validate() throws {
    if data.data != nil, model == nil {
      throw ValidationError("Name the model that the data are for: octet doctor MODEL --data DATA.")
    }
  }

  func run() throws {
    let peak = HostPeak.measure(threads: host.threads, instructionSet: host.isa)
    let examined = try examine()
    if output.json {
      try printJSON(Report(peak, host, examined))
    } else {
      print(HostDescription.processor)
      print(
        "kernels: \(host.isa.rawValue) of \(InstructionSet.available.map(\.rawValue).joined(separator: ", "));"
          + " \(ProcessInfo.processInfo.activeProcessorCount) cores")
      print(
        "measured peak, \(host.threads) thread(s): fp32 \(Numbers.decimal(peak.float32)) GMAC/s,"
          + " int8 \(Numbers.decimal(peak.int8)) GMAC/s")
      for finding in examined?.findings ?? [] {
        print("\(finding.severity): \(finding.place): \(finding.statement). \(finding.whatToDo)")
      }
      if examined?.findings.isEmpty == true { print("The data look right.") }
    }
    if examined?.hasErrors == true { throw CheckFailed("the data cannot be used as they are.") }
  }

  private func examine() throws -> DoctorReport? {
    guard let model, data.data != nil else { return nil }
    let project = try Project(path: model, options: host.options)
    let dataset = try project.dataset(
      data.request, mapping: data.mapping, labels: data.labels, seed: data.seed)
    return InputDoctor().examine(dataset)
  }

  private struct Report: Encodable {
    let processor, instructionSet: String
    let available: [String]
    let cores, threads: Int
    let float32GigaMACs, int8GigaMACs: Double
    let data: DoctorReport?

    init(_ peak: HostPeak, _ host: HostArguments, _ findings: DoctorReport?) {
      processor = HostDescription.processor
      instructionSet = host.isa.rawValue
      available = InstructionSet.available.map(\.rawValue)
      cores = ProcessInfo.processInfo.activeProcessorCount
      threads = host.threads
      float32GigaMACs = peak.float32
      int8GigaMACs = peak.int8
      data = findings
    }
  }
}
