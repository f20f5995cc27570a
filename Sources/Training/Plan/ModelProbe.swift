internal import Execution
internal import Graphs
internal import Kernels
internal import OrderedCollections
internal import Tensors

/// What one run of the float model over a batch tells: the shape of every value, and the elements
/// of those that no weight and no sample decides.
struct ModelProbe {
  let shapes: [String: Shape]
  let types: [String: ElementType]
  /// Values that the samples decide, through whatever operator.
  let dependsOnData: Set<String>
  /// Values that a trained constant decides.
  let dependsOnWeights: Set<String>
  private let constants: [String: Tensor]

  /// - Parameter trained: names of the constants that training changes.
  init(
    _ model: Model, inputs: [String: Tensor], trained: Set<String>, threads: Int,
    isa: InstructionSet
  ) throws(TrainingError) {
    let graph = model.graph
    var onData = Set(graph.inputs.map(\.name))
    var onWeights = trained
    for node in graph.nodes where !node.is("Shape") && !node.is("Size") {
      let read = node.inputs + (node.attributes.isEmpty ? [] : Array(node.capturedNames))
      if read.contains(where: onData.contains) { onData.formUnion(node.outputs) }
      if read.contains(where: onWeights.contains) { onWeights.formUnion(node.outputs) }
    }
    dependsOnData = onData
    dependsOnWeights = onWeights
    var shown = model
    let names = graph.nodes.flatMap(\.outputs).filter { !$0.isEmpty }
    shown.graph.outputs = names.map {
      ValueDeclaration(name: $0, elementType: nil, dimensions: nil)
    }
    let found: [String: Tensor]
    do {
      let executor = try Executor(
        model: shown,
        options: ExecutionOptions(instructionSet: isa, threads: threads, fuses: false),
        isPrepared: true)
      found = try executor.run(inputs)
    } catch {
      throw .execution("\(error)")
    }
    var shapes = found.mapValues(\.shape)
    var types = found.mapValues(\.elementType)
    for (name, tensor) in inputs {
      shapes[name] = tensor.shape
      types[name] = tensor.elementType
    }
    for (name, initializer) in graph.initializers {
      shapes[name] = initializer.tensor.shape
      types[name] = initializer.tensor.elementType
    }
    self.shapes = shapes
    self.types = types
    constants = found.filter { !onData.contains($0.key) && !onWeights.contains($0.key) }
  }

  /// A value that neither samples nor trained constants decide.
  func constant(_ name: String) -> Tensor? { constants[name] }
}
