import Dispatch
import Synchronization
import Tensors

/// What the doctor saw and thinks of it.
package struct DoctorReport: Codable, Hashable, Sendable {
  /// The gravest first.
  package let findings: [DoctorFinding]
  package let inputs: [InputSummary]
  package let examinedSamples: Int

  package var hasErrors: Bool { findings.contains { $0.severity == .error } }
}

/// Looks at data as it would be fed to the model, and says what seems wrong.
///
/// It looks at a few batches spread evenly over the data, always the same ones.
package struct InputDoctor: Sendable {
  private let sampledBatches: Int
  private let classCount: Int?

  /// `classCount`: how many classes the model tells apart, where that is known.
  package init(sampledBatches: Int = 8, classCount: Int? = nil) {
    precondition(sampledBatches > 0, "\(sampledBatches) batches")
    self.sampledBatches = sampledBatches
    self.classCount = classCount
  }

  /// Never throws: what cannot be read is a finding too.
  package func examine(_ dataset: Dataset) -> DoctorReport {
    var findings = dataset.misfits
    var batches: [Batch] = []
    let indices = batchIndices(of: dataset.batchCount)
    for (index, assembled) in zip(indices, Self.assembled(indices, of: dataset)) {
      do throws(DatasetError) {
        batches.append(try assembled.get())
        if dataset.misfits.isEmpty { _ = try dataset.checked(batches[batches.count - 1]) }
      } catch {
        findings.append(
          DoctorFinding(
            severity: .error, what: error.description, place: "batch \(index + 1)", whatToDo: ""))
      }
    }
    let summaries = dataset.bindings.enumerated().map { position, binding in
      let tensors = batches.map { $0.inputs[position].tensor }
      return InputSummary(
        name: binding.input.name, tensors: tensors,
        channelAxis: Self.channelAxis(of: tensors, for: binding.input))
    }
    for (position, (binding, summary)) in zip(dataset.bindings, summaries).enumerated() {
      let value = ValueDiagnosis(
        summary: summary, input: binding.input,
        preprocessing: dataset.options.preprocessing(for: binding.input),
        isConstantByIntent: dataset.isConstant(summary.name), isRandom: dataset.source.isRandom,
        shape: batches.first?.inputs[position].tensor.shape ?? .scalar)
      findings += value.findings
    }
    findings += duplicates(batches)
    findings += amount(dataset)
    findings += labels(dataset)
    return DoctorReport(
      findings: findings.enumerated()
        .sorted { ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset) }
        .map(\.element),
      inputs: summaries, examinedSamples: batches.map(\.range.count).reduce(0, +))
  }

  /// The batches at `indices`, made side by side on all processors that the process may use, since
  /// reading and decoding wait more than they compute.
  private static func assembled(
    _ indices: [Int], of dataset: Dataset
  ) -> [Result<Batch, DatasetError>] {
    let made = Mutex([Int: Result<Batch, DatasetError>]())
    DispatchQueue.concurrentPerform(iterations: indices.count) { place in
      let batch = Result { () throws(DatasetError) in try dataset.assembled(at: indices[place]) }
      made.withLock { $0[place] = batch }
    }
    return made.withLock { made in indices.indices.compactMap { made[$0] } }
  }

  /// The first, the last and others evenly between them.
  private func batchIndices(of count: Int) -> [Int] {
    guard count > sampledBatches, sampledBatches > 1 else {
      return Array(0..<min(count, sampledBatches))
    }
    return (0..<sampledBatches).map { $0 * (count - 1) / (sampledBatches - 1) }
  }

  /// Where an image batch has its 1, 3 or 4 channels, as the model sees it.
  static func channelAxis(of tensors: [Tensor], for input: InputSpecification) -> Int? {
    guard input.dimensions.count == 4, tensors.allSatisfy({ $0.shape.rank == 4 }),
      let shape = tensors.first?.shape
    else { return nil }
    return [1, 3].first { axis in
      [1, 3, 4].contains(shape[axis]) && tensors.allSatisfy { $0.shape[axis] == shape[axis] }
    }
  }

  /// Samples that are the same in every input.
  private func duplicates(_ batches: [Batch]) -> [DoctorFinding] {
    let digests = batches.flatMap { batch in
      (0..<batch.range.count).map { position in
        batch.inputs.reduce(into: UInt64(0xcbf2_9ce4_8422_2325)) { digest, input in
          input.tensor.mix(position, of: batch.range.count, into: &digest)
        }
      }
    }
    let repeated = digests.count - Set(digests).count
    guard digests.count > 1, repeated > 0 else { return [] }
    if repeated == digests.count - 1 {
      return [
        DoctorFinding(
          severity: .error, what: "All \(digests.count) samples looked at are the same.",
          place: "data",
          whatToDo: "Calibration would see one point only: check how the data was written.")
      ]
    }
    let isMany = repeated * 10 >= digests.count
    return [
      DoctorFinding(
        severity: isMany ? .warning : .note,
        what: "\(repeated) of the \(digests.count) samples looked at repeat others.",
        place: "data",
        whatToDo: isMany ? "Take the repeated samples out, or raise --limit." : "")
    ]
  }

  private func amount(_ dataset: Dataset) -> [DoctorFinding] {
    let count = dataset.sampleCount
    if dataset.source.isRandom {
      return [
        DoctorFinding(
          severity: .warning, what: "The data is random.", place: "data",
          whatToDo: "Use it to measure speed; give real samples with --data for anything else.")
      ]
    }
    guard dataset.options.purpose == .calibration, count < 32 else { return [] }
    return [
      DoctorFinding(
        severity: count < 8 ? .warning : .note,
        what: "There \(count == 1 ? "is 1 sample" : "are \(count) samples").", place: "data",
        whatToDo: "Ranges usually settle after 100 to 300 samples of what the model will meet.")
    ]
  }

  private func labels(_ dataset: Dataset) -> [DoctorFinding] {
    guard let values = dataset.chosenLabels, let member = dataset.labelMember else { return [] }
    let place = "labels '\(member)'"
    let low = values.min() ?? 0
    let high = values.max() ?? 0
    if low < 0 {
      return [
        DoctorFinding(
          severity: .error, what: "The lowest label is \(low); classes count from 0.", place: place,
          whatToDo: "Choose another member with --labels.")
      ]
    }
    if let classCount, high >= classCount {
      let offByOne = low >= 1 && high == classCount
      return [
        DoctorFinding(
          severity: .error,
          what: "The highest label is \(high) and the model tells \(classCount) classes apart"
            + (offByOne ? "; the labels seem to count from 1." : "."),
          place: place,
          whatToDo: offByOne ? "Write them counting from 0." : "Choose another with --labels.")
      ]
    }
    guard values.count > 1, low == high else { return [] }
    return [
      DoctorFinding(
        severity: .warning, what: "Every one of the \(values.count) samples is of class \(low).",
        place: place, whatToDo: "Add --seed 1, so that --limit does not take the first class only.")
    ]
  }
}

extension Tensor {
  /// Mixes the bytes of one of `count` equal parts into a digest (FNV-1a over 8 bytes at a time).
  fileprivate func mix(_ position: Int, of count: Int, into digest: inout UInt64) {
    withUnsafeBytes { bytes in
      // A constant input, or one sample of several rows, counts whole.
      let isShared = shape.rank == 0 || shape[0] != count
      let length = isShared ? bytes.count : bytes.count / count
      let start = isShared ? 0 : position * length
      for offset in stride(from: 0, to: length - length % 8, by: 8) {
        let word = bytes.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self)
        digest = (digest ^ word) &* 0x100_0000_01b3
        digest ^= digest >> 32
      }
      for offset in length - length % 8..<length {
        digest = (digest ^ UInt64(bytes[start + offset])) &* 0x100_0000_01b3
      }
    }
  }
}
