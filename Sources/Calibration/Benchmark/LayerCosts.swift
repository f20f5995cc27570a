package import Conversion
package import Execution
import Graphs
package import Tensors

/// What the layers of a model cost at given input shapes.
package struct LayerCosts: Sendable, Equatable {
  /// Of layers that multiply and accumulate.
  package let multiplyAccumulates: [Layer.ID: Int]
  /// Of the first output of each layer.
  package let outputShapes: [Layer.ID: Shape]

  package var total: Int { multiplyAccumulates.values.reduce(0, +) }

  /// Part of all multiply-accumulates, 0...1.
  package func share(of layer: Layer.ID) -> Double {
    total > 0 ? Double(multiplyAccumulates[layer] ?? 0) / Double(total) : 0
  }

  /// - Parameter shapes: by graph input.
  package init(layers: LayerGraph, shapes: [String: Shape]) throws(ExecutionError) {
    let executor = try Executor(
      model: layers.model,
      options: ExecutionOptions(kept: Set(layers.layers.flatMap(\.outputs))), isPrepared: true)
    self.init(layers: layers, plan: try executor.plan(for: shapes))
  }

  /// - Parameter plan: of the float model of `layers`.
  package init(layers: LayerGraph, plan: Plan) {
    var costs: [Layer.ID: Int] = [:]
    var shapes: [Layer.ID: Shape] = [:]
    for step in plan.steps {
      guard let layer = step.nodes.lazy.compactMap({ layers.layer(containing: $0) }).first else {
        continue
      }
      if step.multiplyAccumulates > 0 {
        costs[layer.id, default: 0] += step.multiplyAccumulates
      }
      // A step that ends elsewhere, as behind a quantizer of its own, has the same shape.
      if step.output == layer.output || shapes[layer.id] == nil && step.nodes.contains(layer.main) {
        shapes[layer.id] = step.outputShape
      }
    }
    multiplyAccumulates = costs
    outputShapes = shapes
  }
}
