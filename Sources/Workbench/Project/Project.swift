import Calibration
package import Conversion
package import Datasets
package import Execution
import Foundation
package import Graphs
package import Kernels
import ONNX
package import Quantization
package import Tensors

/// How plans are built and run on this host.
package struct HostOptions: Equatable, Sendable {
  package var instructionSet: InstructionSet
  package var threads: Int
  package init(instructionSet: InstructionSet = .best, threads: Int = 1) {
    self.instructionSet = instructionSet
    self.threads = threads
  }
}

/// An opened model with its layers. A value: jobs work on copies.
package struct Project: Sendable {
  package let path: String
  package let digest: String
  package let byteCount: Int
  /// As the file has it, or with trained weights.
  package private(set) var source: Model
  package private(set) var layers: LayerGraph
  package let notes: [String]
  package var options: HostOptions
  /// Shapes to plan with until data say otherwise, by input.
  package let shapes: [String: Shape]

  /// - Parameter shapes: fixes symbolic dimensions, by input name.
  package init(
    path: String, options: HostOptions = HostOptions(), shapes fixed: [String: Shape] = [:]
  ) throws {
    let digestion = SideWork { try SHA256.hexDigest(ofFile: path, mixer: DigestKernel.sha256) }
    let imported = try ModelImporter.read(path: path)
    self.path = path
    self.options = options
    source = imported.model
    layers = try LayerGraph(model: imported.model)
    (digest, byteCount) = try digestion.value()
    var notes = imported.notes + layers.report.notes
    var shapes: [String: Shape] = [:]
    let inputs = layers.model.graph.requiredInputs
    for input in inputs {
      if let shape = fixed[input.name] {
        shapes[input.name] = shape
        continue
      }
      let (shape, isAssumed) = Self.assumedShape(of: input)
      shapes[input.name] = shape
      if isAssumed {
        notes.append("Until data are chosen, input '\(input.name)' is taken to be \(shape).")
      }
    }
    let names = inputs.map(\.name)
    if let unknown = fixed.keys.first(where: { !names.contains($0) }) {
      throw WorkbenchError.unknownInput(unknown, known: names)
    }
    self.shapes = shapes
    self.notes = notes
  }

  /// Splits layers as `recipe` says.
  package mutating func group(by recipe: Recipe) throws {
    layers = try layers.grouped(by: recipe)
  }

  /// Takes the same model with other weights.
  mutating func take(_ model: Model, recipe: Recipe) throws {
    source = model
    layers = try LayerGraph(model: model).grouped(by: recipe)
  }

  /// One sample, and 320 for open extents after the first two, which convolutional networks that
  /// take any size accept.
  private static func assumedShape(of input: ValueDeclaration) -> (Shape, isAssumed: Bool) {
    var isAssumed = false
    let extents = (input.dimensions ?? []).enumerated().map { axis, dimension in
      if let extent = dimension.fixedExtent, extent > 0 { return extent }
      if axis == 0 { return 1 }
      isAssumed = true
      return axis == 1 ? 3 : 320
    }
    return (Shape(extents), isAssumed)
  }

  /// Throws when writing to `output` would replace the model, by whatever name.
  package func refuseToReplace(at output: String) throws {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
    if resolved(output) == resolved(path) { throw WorkbenchError.wouldReplaceModel(output) }
  }

  /// Throws when no layer lies in the module `name`.
  package func refuseUnknownModule(_ name: String) throws {
    let module = ModulePath(name)
    let known = layers.layers.map { ModulePath($0.id) }
    if known.contains(where: module.contains) { return }
    throw WorkbenchError.unknownModule(module.text, nearest: module.nearest(around: known)?.text)
  }

  /// Throws when the file has quantized every layer that a recipe could change.
  package func refuseToQuantizeAgain() throws {
    let stored = layers.layers.compactMap(\.stored)
    guard let format = stored.last?.format.rawValue,
      !layers.layers.contains(where: { $0.role == .quantizable })
    else { return }
    throw WorkbenchError.alreadyQuantized(path: path, layers: stored.count, format: format)
  }

  package var name: String {
    let file = URL(fileURLWithPath: path).lastPathComponent
    return file.hasSuffix(".onnx") ? String(file.dropLast(5)) : file
  }

  /// What data must be like to be fed.
  package var inputSpecifications: [InputSpecification] {
    layers.model.graph.requiredInputs.map { input in
      InputSpecification(
        name: input.name, elementType: input.elementType ?? .float32,
        dimensions: (input.dimensions ?? []).map { dimension in
          dimension.fixedExtent.flatMap { $0 > 0 ? $0 : nil }
        })
    }
  }

  /// Runs the float model.
  /// - Parameter kept: values that stay observable.
  package func floatExecutor(kept: Set<String> = []) throws -> Executor {
    try Executor(
      model: layers.model,
      options: ExecutionOptions(
        mode: .float, instructionSet: options.instructionSet, threads: options.threads,
        kept: kept), isPrepared: true)
  }

  /// Plans the float model for `shapes` and says what each layer is.
  package func summary() throws -> ProjectSummary {
    var notes = notes
    var costs: LayerCosts?
    do {
      costs = try LayerCosts(layers: layers, shapes: shapes)
    } catch {
      notes.append("The model cannot run yet: \(error)")
    }
    let onCodes = integerNodes()
    let rows = layers.layers.map { layer in
      LayerSummary(
        id: layer.id, path: layer.path, title: layer.title, operatorType: layer.operatorType,
        role: LayerSummary.Role(layer.role), precisions: layer.precisions, inputEdges: layer.inputs,
        outputEdge: layer.output,
        outputShape: costs?.outputShapes[layer.id]?.description ?? "",
        weightShape: (layer.weight?.shape ?? layer.stored?.weights?.shape)?.description ?? "",
        parameterCount: layer.parameterCount,
        multiplyAccumulates: costs?.multiplyAccumulates[layer.id] ?? 0,
        share: costs?.share(of: layer.id) ?? 0, partCount: layer.partCount,
        splitFrom: layer.splitFrom, block: layer.block?.name,
        stored: layer.stored.map { stored in
          StoredSummary(stored, runsOnCodes: onCodes[layer.main])
        })
    }
    return ProjectSummary(
      modelPath: path, modelName: name, modelDigest: digest, modelByteCount: byteCount,
      opset: Int(source.opset), parameterCount: rows.map(\.parameterCount).reduce(0, +),
      multiplyAccumulates: costs?.total ?? 0,
      inputs: layers.model.graph.requiredInputs.map(Self.describe),
      outputs: layers.model.graph.outputs.map(Self.describe), layers: rows, notes: notes,
      instructionSet: options.instructionSet.rawValue, threads: options.threads)
  }

  /// For nodes that an int8 plan has a step for, whether an integer kernel runs it. Empty where
  /// nothing is quantized or no plan can be made.
  private func integerNodes() -> [Node.ID: Bool] {
    guard layers.model.graph.computesOnCodes else { return [:] }
    let executor = try? Executor(
      model: layers.model,
      options: ExecutionOptions(
        mode: .integer, instructionSet: options.instructionSet, threads: options.threads),
      isPrepared: true)
    guard let plan = try? executor?.plan(for: shapes) else { return [:] }
    var found: [Node.ID: Bool] = [:]
    for step in plan.steps {
      for node in step.nodes { found[node] = found[node] ?? false || step.isInteger }
    }
    return found
  }

  private static func describe(_ value: ValueDeclaration) -> String {
    let shape = value.dimensions.map { $0.map(\.description).joined(separator: "×") } ?? "any"
    return "\(value.name) \(shape) \(value.elementType?.description ?? "")"
  }
}

extension LayerSummary.Role {
  init(_ role: LayerRole) {
    switch role {
    case .quantizable: self = .quantizable
    case .passThrough: self = .passThrough
    case .float(let reason): self = .float(reason: reason)
    }
  }
}

extension StoredSummary {
  init(_ stored: StoredQuantization, runsOnCodes: Bool?) {
    self.init(
      format: stored.format.rawValue, isBoundary: stored.isBoundary, shortForm: stored.shortForm,
      scale: stored.output?.scale,
      zeroPoint: stored.output?.zeroPoint, type: stored.output?.type.description ?? "",
      weights: stored.weights.map { "\($0.type), \($0.granularity)" } ?? "",
      weightScale: stored.weights?.scales, runsOnCodes: stored.isBoundary ? nil : runsOnCodes)
  }
}
