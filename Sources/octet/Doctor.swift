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
        "kernels: \(host.isa.rawValue) of \(InstructionSet.available.map(\.rawValue).joined(separator: ", "))"
      )
      print("processors: \(processors)")
      print(peaks(peak))
      for finding in examined?.findings ?? [] {
        print("\(finding.severity): \(finding.place): \(finding.statement). \(finding.whatToDo)")
      }
      if examined?.findings.isEmpty == true { print("The data look right.") }
    }
    if examined?.hasErrors == true { throw CheckFailed("the data cannot be used as they are.") }
  }

  private var processors: String {
    let (allowed, all) = (AllowedProcessors.count, ProcessInfo.processInfo.processorCount)
    return allowed < all ? "\(allowed) of \(all), as many as this process may use" : "\(allowed)"
  }

  private func peaks(_ peak: HostPeak) -> String {
    func row(_ name: String, _ values: String...) -> [String] { [name] + values }
    func number(_ value: Double) -> String { Numbers.decimal(value) }
    var arithmetic = TextTable([
      ("measured peak, \(host.threads) thread\(host.threads == 1 ? "" : "s")", .left),
      ("GMAC/s", .right),
    ])
    arithmetic.append(row("fp32", number(peak.float32)))
    arithmetic.append(row("int8, sums of 32 bits", number(peak.int8)))
    arithmetic.append(row("int8, sums of 16 bits for 8 additions", number(peak.int8Narrow)))
    var bytes = TextTable([
      ("measured bandwidth", .left), ("read GB/s", .right), ("write", .right), ("copy", .right),
    ])
    let caches = [("memory", peak.memory), ("L3", peak.lastCache), ("L2", peak.cache)]
    for (name, found) in caches {
      guard let found else { continue }
      bytes.append(
        row(
          "\(name), \(Numbers.bytes(found.byteCount)) a thread", number(found.read),
          number(found.write), number(found.copy)))
    }
    return arithmetic.formatted() + "\n" + bytes.formatted()
  }

  private func examine() throws -> DoctorReport? {
    guard let model, data.data != nil else { return nil }
    let project = try Project(path: model, options: host.options)
    let dataset = try project.dataset(data.request)
    return InputDoctor().examine(dataset)
  }

  private struct Report: Encodable {
    let processor, instructionSet: String
    let available: [String]
    let cores, threads: Int
    let float32GigaMACs, int8GigaMACs, int8NarrowGigaMACs: Double
    let memoryGigabytes, cacheGigabytes: Bandwidth
    let lastCacheGigabytes: Bandwidth?
    let data: DoctorReport?

    init(_ peak: HostPeak, _ host: HostArguments, _ findings: DoctorReport?) {
      processor = HostDescription.processor
      instructionSet = host.isa.rawValue
      available = InstructionSet.available.map(\.rawValue)
      cores = AllowedProcessors.count
      threads = host.threads
      float32GigaMACs = peak.float32
      int8GigaMACs = peak.int8
      int8NarrowGigaMACs = peak.int8Narrow
      memoryGigabytes = peak.memory
      cacheGigabytes = peak.cache
      lastCacheGigabytes = peak.lastCache
      data = findings
    }
  }
}
