// swift-tools-version: 6.1
import PackageDescription

/// Every Swift target is checked the same way.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let collections = Target.Dependency.product(
  name: "OrderedCollections", package: "swift-collections")
let toml = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.target(name: name)] + dependencies,
    exclude: [
      "Screens": ["Snapshots"], "Datasets": ["Data"], "Execution": ["Data"], "Training": ["Data"],
    ][name] ?? [],
    swiftSettings: strict)
}

let package = Package(
  name: "octet",
  products: [.executable(name: "octet", targets: ["octet"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // A module imports only what its row names; the build refuses anything else.
    .target(name: "CKernels"),
    .target(
      name: "CCurses",
      linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(name: "CSpng", pkgConfig: "spng", providers: [.apt(["libspng-dev"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    module("Tensors"),
    module("Cells", [toml]),
    module("Quantization", ["Tensors"]),
    module("Graphs", ["Tensors", collections]),
    module("ONNX", ["Tensors", "Graphs", protobuf, collections]),
    module("Kernels", ["Tensors", "CKernels"]),
    module("Conversion", ["Tensors", "Graphs", "Quantization", collections]),
    module("Execution", ["Tensors", "Graphs", "Kernels", "Quantization", collections]),
    module("Datasets", ["Tensors", "CZip", "CSpng", "CTurboJPEG"]),
    module(
      "Calibration",
      [
        "Tensors", "Graphs", "Quantization", "Kernels", "Conversion", "Execution", "Datasets",
        collections,
      ]),
    module(
      "Training",
      [
        "Tensors", "Graphs", "Quantization", "Kernels", "Conversion", "Execution", "Datasets",
        collections,
      ]),
    module("Sessions", ["Tensors", "Quantization"]),
    module(
      "Workbench",
      [
        "Tensors", "Graphs", "Quantization", "Kernels", "Conversion", "Execution", "Datasets",
        "Calibration", "Training", "ONNX", "Sessions", logging, collections,
      ]),
    module("Screens", ["Workbench", "Cells", "Quantization", "Sessions"]),
    module("TerminalIO", ["Cells", "CCurses"]),
    .executableTarget(
      name: "octet",
      dependencies: [
        "Tensors", "Graphs", "Quantization", "Kernels", "Conversion", "Execution", "Datasets",
        "Calibration", "Training", "ONNX", "Sessions", "Workbench", "Screens", "Cells",
        "TerminalIO", argumentParser, logging,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "octet-benchmarks",
      dependencies: [
        "Tensors", "Graphs", "Quantization", "Kernels", "Conversion", "Execution", "Datasets",
        "Calibration", "Training", "Workbench", "Screens", "Cells", argumentParser, collections,
      ],
      path: "Benchmarks",
      exclude: [
        "calibration.py", "distillation.py", "operators.py", "peers.py", "peers",
        "requirements.txt", "training.py",
      ],
      swiftSettings: strict),

    .target(name: "CAllocations", path: "Tests/CAllocations"),
    tests("Tensors", []),
    tests("Cells", []),
    tests("Quantization", ["Tensors"]),
    tests("Graphs", ["Tensors", collections]),
    tests("ONNX", ["Tensors", "Graphs", collections]),
    tests("Kernels", ["Tensors", "CKernels"]),
    tests("Conversion", ["Tensors", "Graphs", "Quantization", "ONNX"]),
    tests(
      "Execution",
      [
        "Tensors", "Graphs", "Kernels", "Quantization", "ONNX", "Conversion", "Calibration",
        "CAllocations", collections,
      ]),
    tests("Datasets", ["Tensors"]),
    tests(
      "Calibration",
      [
        "Tensors", "Graphs", "Quantization", "Kernels", "Conversion", "Execution", "Datasets",
        "ONNX",
      ]),
    tests(
      "Training",
      [
        "Tensors", "Graphs", "Quantization", "Kernels", "Conversion", "Execution", "Datasets",
        "ONNX", collections,
      ]),
    .testTarget(
      name: "GoldenTests",
      dependencies: [
        "Tensors", "Graphs", "Quantization", "Kernels", "Conversion", "Execution", "Datasets",
        "Calibration", "Training", "ONNX", collections,
      ],
      swiftSettings: strict),
    tests("Sessions", ["Quantization", "Tensors"]),
    tests("Workbench", ["Tensors", "Quantization", "Calibration", "Conversion", "Sessions"]),
    tests("Screens", ["Workbench", "Cells", "Quantization", "Sessions"]),
    tests("TerminalIO", ["Cells"]),
  ],
  cLanguageStandard: .c17
)
