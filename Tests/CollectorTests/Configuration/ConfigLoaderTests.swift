import Testing

@testable import Collector

@Suite struct ConfigLoaderTests {
    func load(
        _ text: String,
        environment: [String: String] = [:],
        files: [String: String] = [:]
    ) throws -> LoadedConfig {
        try loader(environment, files.merging(["c.yaml": text]) { $1 }).load(configs: ["c.yaml"])
    }

    func loader(_ environment: [String: String] = [:], _ files: [String: String] = [:]) -> ConfigLoader {
        ConfigLoader(
            sources: ConfigSources(environment: environment) { path throws(ConfigError) in
                guard let text = files[path] else {
                    throw ConfigError(path: "", position: path, message: "cannot read the file: no such file")
                }
                return text
            }
        )
    }

    /// The value of `v` in `v: <text>`.
    func value(_ text: String, _ environment: [String: String] = [:], files: [String: String] = [:]) throws
        -> ConfigNode
    {
        var map = try ConfigMap(load("v: \(text)\n", environment: environment, files: files).root)
        let node = map.take("v")
        return try #require(node)
    }

    func error(_ body: () throws -> some Any) -> String {
        do {
            return "no error: \(try body())"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: ["#S3cret", "{abc}", "[x]", "a: b", "{", "*a", "'", "0123", "~ #", "!x y", "- a"])
    func aPasswordFromAVariableMayLookLikeYAML(password: String) throws {
        #expect(try value("${env:PW}", ["PW": password]).string() == password)
        var map = try ConfigMap(load("v: ${env:PW}\n", environment: ["PW": password]).root)
        #expect(try map.optionalString("v") == password)
    }

    @Test func variablesAreExpandedInEveryForm() throws {
        let environment = ["HOST": "jaeger", "PORT": "4318", "_x1": "y"]
        #expect(try value("${env:HOST}", environment).value == .string("jaeger"))
        #expect(try value("${HOST}", environment).value == .string("jaeger"))
        #expect(try value("http://${HOST}:${env:PORT}/x", environment).value == .string("http://jaeger:4318/x"))
        #expect(try value("${env:NO:-default}", environment).value == .string("default"))
        #expect(try value("${NO:-default}", environment).value == .string("default"))
        #expect(try value("${env:HOST:-default}", environment).value == .string("jaeger"))
        #expect(try value("${_x1}", environment).value == .string("y"))
        #expect(try value("'${env:NO:-}'", environment).value == .null)
        #expect(try value("[a, '${HOST}']", environment).list().map(\.text) == ["a", "jaeger"])
    }

    @Test func aWholeValueHasTheTypeOfItsText() throws {
        #expect(try value("${X}", ["X": "5"]).value == .int(5))
        #expect(try value("${X}", ["X": "true"]).value == .bool(true))
        #expect(try value("${env:NO:-2.5}").value == .double(2.5))
        #expect(try value("${X}", ["X": "[a, b]"]).list().map(\.text) == ["a", "b"])
        #expect(try value("${X}", ["X": "5"]).text == "5")
        #expect(try value("${X}", ["X": "0123"]).string() == "0123")
        // Within other text it is text.
        #expect(try value("1${X}", ["X": "5"]).value == .string("15"))
        // A password is taken as it is.
        #expect(try value("${X}", ["X": "\"quoted\""]).value == .string("\"quoted\""))
        #expect(try value("${X}", ["X": "*a: [b"]).value == .string("*a: [b"))
    }

    @Test func valuesOfReferencesStandWhereTheReferenceStands() throws {
        let node = try value("${X}", ["X": "{a: [1]}"])
        #expect(node.path == "v")
        #expect(node.position == "c.yaml:1:4")
        var map = try ConfigMap(node)
        let elements = try map.nodes("a")
        let element = try #require(elements.first)
        #expect(element.path == "v::a::0")
        #expect(element.position == "c.yaml:1:4")
    }

    @Test func referencesMayContainReferences() throws {
        let environment = ["A": "${B}", "B": "b", "NAME": "B", "T": "x-${A}"]
        #expect(try value("${A}", environment).value == .string("b"))
        #expect(try value("${env:${NAME}}", environment).value == .string("b"))
        #expect(try value("${NO:-${B}}", environment).value == .string("b"))
        #expect(try value("<${T}>", environment).value == .string("<x-b>"))
        #expect(error { try value("${A}", ["A": "${A}"]) } == "c.yaml:1:4: v: references that contain each other")
        #expect(error { try value("x${A}", ["A": "y${A}"]) } == "c.yaml:1:4: v: references that contain each other")
    }

    @Test func dollarsOfTheTextsOwnAreLeft() throws {
        let environment = ["NAME": "no"]
        #expect(try value("a$NAME", environment).value == .string("a$NAME"))
        #expect(try value("$${NAME}", environment).value == .string("${NAME}"))
        #expect(try value("cost$$", environment).value == .string("cost$"))
        #expect(try value("$", environment).value == .string("$"))
        #expect(try value("$$$$", environment).value == .string("$$"))
        #expect(try value("$$${NAME}", environment).value == .string("$no"))
    }

    @Test func unsetVariablesAreEmptyWithAWarning() throws {
        let loaded = try load("v: ${NO}\nw: a${env:NO}b\n")
        var map = try ConfigMap(loaded.root)
        let (v, w) = (map.take("v"), map.take("w"))
        #expect(v?.value == .null)
        #expect(w?.value == .string("ab"))
        #expect(
            loaded.warnings.map(\.description) == [
                "c.yaml:1:4: v: environment variable \"NO\" is not set, using an empty value",
                "c.yaml:2:4: w: environment variable \"NO\" is not set, using an empty value",
            ]
        )
    }

    @Test func filesAndYAMLAreExpanded() throws {
        #expect(try value("${file:token}", files: ["token": "secret\n"]).value == .string("secret"))
        #expect(try value("Bearer ${file:token}", files: ["token": "secret\n"]).value == .string("Bearer secret"))
        #expect(try value("'${yaml:[1, 2]}'").list().count == 2)
        #expect(
            error { try value("${file:gone}") }
                == "c.yaml:1:4: v: ${file:gone}: gone: cannot read the file: no such file"
        )
    }

    @Test func badReferencesAreErrors() {
        #expect(
            error { try value("${1}") }.hasPrefix(
                "c.yaml:1:4: v: environment variable \"1\" has invalid name: must match"
            )
        )
        #expect(error { try value("${env:a-b}") }.contains("environment variable \"a-b\" has invalid name"))
        #expect(error { try value("'${}'") }.contains("environment variable \"\" has invalid name"))
        #expect(error { try value("a${HOST") }.hasPrefix("c.yaml:1:4: v: \"${\" without a closing \"}\""))
        #expect(error { try value("${HOST") }.hasPrefix("c.yaml:1:4: v: \"${\" without a closing \"}\""))
        #expect(
            error { try value("${http://x}") }
                == "c.yaml:1:4: v: scheme \"http\" is not supported in \"${http://x}\": use env, file or yaml"
        )
    }

    @Test func laterSourcesAreLaidOverEarlierOnes() throws {
        let loader = loader(
            ["CONFIG": "a: {e: 5}"],
            ["1.yaml": "a: {b: 1, c: [1, 2], n: 1}\nx: 1", "2.yaml": "a: {b: 2, c: [3], n: }"]
        )
        let loaded = try loader.load(
            configs: ["1.yaml", "file:2.yaml", "env:CONFIG", "yaml:a::d: ${yaml:4}"],
            sets: ["a.b=3", "a::f::g=[x]", "x=${NO:-y}"]
        )
        var root = try ConfigMap(loaded.root)
        #expect(try root.string("x", default: "") == "y")
        var a = try root.map("a")
        #expect(try a.int("b", default: 0) == 3)
        #expect(try a.strings("c") == ["3"])
        #expect(try a.int("d", default: 0) == 4)
        #expect(try a.int("e", default: 0) == 5)
        let n = a.take("n")
        #expect(n?.value == .null)
        var f = try a.map("f")
        #expect(try f.strings("g") == ["x"])
        #expect(f.path == "a::f")
        #expect(a.position == "--set a::f::g=[x]")
        try a.finish()
        try root.finish()
    }

    @Test func badSourcesAreErrors() {
        #expect(error { try loader().load(configs: []) } == "at least one config flag must be provided")
        #expect(error { try loader().load(configs: ["no.yaml"]) } == "no.yaml: cannot read the file: no such file")
        #expect(error { try loader().load(configs: ["env:NO"]) } == "env:NO: the environment variable is not set")
        #expect(
            error { try loader().load(configs: ["https://x/y"]) }
                == "https://x/y: scheme \"https\" is not supported: use file, env or yaml"
        )
        #expect(error { try loader().load(configs: ["yaml:[]"]) }.hasPrefix("yaml:1:1: expected a map with receivers"))
        #expect(error { try loader().load(configs: ["yaml:a: 1"], sets: ["a"]) } == "--set a: missing equal sign")
        #expect(error { try loader().load(configs: ["yaml:a: 1"], sets: ["=a"]) } == "--set =a: missing key")
    }

    @Test func everythingThatCannotBeReadIsToldAtOnce() {
        let message = error { try loader().load(configs: ["no.yaml", "yaml:a: [", "foo:x"], sets: ["a"]) }
        #expect(
            message.split(separator: "\n").map { $0.prefix(20) } == [
                "no.yaml: cannot read", "yaml:2:1: invalid YA", "foo:x: scheme \"foo\" ", "--set a: missing equ",
            ]
        )
        #expect(
            error { try load("a: ${1}\nb: [ok, 'x${file:gone}']\n") }
                .split(separator: "\n").map { $0.prefix { $0 != "$" && $0 != "e" } } == [
                    "c.yaml:1:4: a: ", "c.yaml:2:9: b::1: ",
                ]
        )
    }

    @Test func anEmptySourceChangesNothing() throws {
        let loaded = try loader([:], ["empty.yaml": "# nothing\n"]).load(configs: ["yaml:a: 1", "empty.yaml"])
        var root = try ConfigMap(loaded.root)
        #expect(try root.int("a", default: 0) == 1)
    }

    @Test func aSourceMayHaveADefaultAndAPathMayHaveAColon() throws {
        let loaded = try loader([:], ["./a:b.yaml": "b: 2"]).load(configs: ["env:NO:-a: 1", "./a:b.yaml"])
        var root = try ConfigMap(loaded.root)
        #expect(try root.int("a", default: 0) == 1)
        #expect(try root.int("b", default: 0) == 2)
    }

    @Test func aSourceHasAName() {
        #expect(error { try loader().load(configs: [""]) } == "--config is empty: give the path of a file")
        #expect(error { try loader().load(configs: ["file:"]) } == "file:: there is no path behind the scheme")
    }

    @Test func theFilesOfThisMachineAreRead() throws {
        let sources = ConfigSources.system
        #expect(try sources.readFile(#filePath).hasPrefix("import Testing"))
        #expect(error { try sources.readFile("/no/such/file") } == "/no/such/file: cannot read the file: no such file")
        #expect(error { try sources.readFile("/") } == "/: cannot read the file: is a directory")
        #expect(try sources.readFile("/dev/null") == "")
        #expect(
            error { try sources.readFile("/dev/zero") }
                == "/dev/zero: is longer than a configuration may be: 64 MiB"
        )
        #expect(sources.environment["PATH"] != nil)
    }
}
