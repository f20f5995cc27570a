package import Quantization

extension LayerGraph {
  /// The same model with its layers split as `recipe` says with `fuse=false`.
  ///
  /// Edges and layers keep their names, so what was observed of them still holds; the values
  /// between the parts of a split layer become edges of their own.
  package func grouped(by recipe: Recipe) throws(ConversionError) -> LayerGraph {
    let wanted = try splitLayers(recipe)
    guard wanted != split else { return self }
    return LayerGraph(model: model, report: report, whole: whole, split: wanted)
  }

  private func splitLayers(_ recipe: Recipe) throws(ConversionError) -> Set<Layer.ID> {
    guard recipe.rules.contains(where: { $0.change.fuse == false }) else { return [] }
    let resolver: RecipeResolver
    do {
      resolver = try RecipeResolver(recipe)
    } catch {
      throw .recipe("\(error)")
    }
    let layers = whole.filter { layer in
      layer.partCount > 1
        && !resolver.resolve(
          layer: layer.id, operatorType: layer.operatorType, blocks: layer.selectors
        ).qconfig.fuse
    }
    return Set(layers.map(\.id))
  }
}
