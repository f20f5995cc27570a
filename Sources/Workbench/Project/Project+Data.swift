import Calibration
import Conversion
package import Datasets
import Graphs
import ONNX
import Tensors

extension Project {
  /// Opens what `request` names, as the model takes it.
  package func dataset(
    _ request: DataRequest, purpose: DatasetPurpose = .calibration
  ) throws -> Dataset {
    let source =
      request.path.isEmpty
      ? DatasetSource.random(seed: request.seed ?? 0, count: request.limit ?? 32)
      : try DatasetSource.open(request.path, readers: .withTensorProto)
    var options = DatasetOptions()
    options.purpose = purpose
    options.mapping = request.mapping
    options.labels = request.labels
    options.limit = request.limit
    options.seed = request.path.isEmpty ? nil : request.seed
    options.batchSize = request.batchSize
    options.states = try states(request.states)
    let fed = Set(options.states.map(\.input))
    if !request.preprocessing.isEmpty {
      options.preprocessing = try Preprocessing(parsing: request.preprocessing)
    }
    return try Dataset(
      source,
      inputs: randomSizedInputs(isRandom: source.isRandom).filter { !fed.contains($0.name) },
      options: options)
  }

  /// The links that texts such as `state=stateN` describe.
  /// - Throws: when one of them is no link, or does not fit the model.
  package func states(_ texts: [String]) throws -> [StateLink] {
    let links = try texts.map { text in
      guard let link = StateLink(parsing: text) else { throw WorkbenchError.badState(text) }
      return link
    }
    _ = try StateCarrier(
      links, inputs: layers.model.graph.requiredInputs, outputs: layers.model.graph.outputs)
    return links
  }

  /// Random data need every extent, so they get the planned shapes.
  private func randomSizedInputs(isRandom: Bool) -> [InputSpecification] {
    guard isRandom else { return inputSpecifications }
    return inputSpecifications.map { specification in
      var fixed = specification
      if let shape = shapes[specification.name] {
        fixed.dimensions = specification.dimensions.enumerated().map { axis, extent in
          axis == 0 ? extent : extent ?? shape[axis]
        }
      }
      return fixed
    }
  }

  /// The dataset in words, with what the input doctor found.
  package func describe(_ dataset: Dataset, request: DataRequest) throws -> DataSummary {
    let report = InputDoctor().examine(dataset)
    let members = dataset.bindings.map(\.member.name).joined(separator: ", ")
    let source = dataset.source.name
    return DataSummary(
      path: request.path,
      title: "\(source) · \(members) · \(dataset.sampleCount) samples",
      sampleCount: dataset.sampleCount, batchCount: dataset.batchCount,
      isRandom: request.path.isEmpty, hasLabels: dataset.labelMember != nil,
      notes: dataset.notes,
      findings: report.findings.map { finding in
        DataSummary.Finding(
          severity: DataSummary.Finding.Severity(finding.severity), what: finding.statement,
          place: finding.place, advice: finding.whatToDo)
      })
  }
}

extension DatasetReaders {
  /// Reads ONNX `TensorProto` files as well.
  package static let withTensorProto = DatasetReaders { bytes in
    let (name, tensor) = try TensorProtoFile.read(bytes)
    return (name.isEmpty ? nil : name, tensor)
  }
}

extension DataSummary.Finding.Severity {
  init(_ severity: DoctorFinding.Severity) {
    switch severity {
    case .note: self = .note
    case .warning: self = .warning
    case .error: self = .error
    }
  }
}

extension DoctorFinding {
  /// What was found, without a full stop, ready for advice to follow.
  package var statement: String { what.hasSuffix(".") ? String(what.dropLast()) : what }
}
