using System.Text;
using Anneal.Saving;
using Anneal.Testing;

namespace Anneal.Tests.Saving;

public sealed class ModelFolderTests
{
    private static ModelFile Text(string name, string content) => new(name, stream => stream.Write(Encoding.UTF8.GetBytes(content)));

    private static ModelFile[] Model(string content) => [Text("config.json", content + " config"), Text("weights.safetensors", content + " weights")];

    private static string Read(ModelFolder folder, string name) => new StreamReader(folder[name]).ReadToEnd();

    private static void RequireModel(string path, string content)
    {
        using ModelFolder folder = ModelFolder.Open(path);
        Assert.Equal(["config.json", "weights.safetensors"], folder.Names);
        Assert.Equal(content + " config", Read(folder, "config.json"));
        Assert.Equal(content + " weights", Read(folder, "weights.safetensors"));
    }

    private static string[] FilesIn(string path) => [.. Directory.GetFiles(path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void ASaveReplacesTheOneBefore()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("new/model");
        for (int i = 1; i <= 3; i++)
        {
            ModelFolder.Save(path, Model($"run {i}"));
            RequireModel(path, $"run {i}");
            Assert.Equal([".lock", $"config.{i}.json", "manifest.json", $"weights.{i}.safetensors"], FilesIn(path));
        }

        using ModelFolder opened = ModelFolder.Open(path);
        Assert.Equal(3, opened.Generation);
        Assert.True(opened.Contains("config.json"));
        Assert.Contains("'tokenizer.json'", Assert.Throws<ModelFileException>(() => opened["tokenizer.json"]).Message);
    }

    [Fact]
    public void TheManifestIsReadableAndStable()
    {
        using var folder = new TemporaryFolder();
        ModelFolder.Save(folder.Path, [Text("config.json", "{}")]);
        Assert.Equal("""
            {
              "formatVersion": 1,
              "generation": 1,
              "files": {
                "config.json": {
                  "file": "config.1.json",
                  "length": 2,
                  "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
                }
              }
            }
            """.ReplaceLineEndings("\n"), File.ReadAllText(folder.File("manifest.json")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AKillAfterAnyStepLeavesAWholeModel(bool torn)
    {
        int steps = CountSteps();
        Assert.InRange(steps, 15, 100);
        int committed = 0;
        for (int kill = 1; kill <= steps; kill++)
        {
            using var folder = new TemporaryFolder();
            ModelFolder.Save(folder.Path, Model("first"));
            ModelFolder.Save(folder.Path, Model("old"));
            var killed = new KillAfter(kill);
            Assert.Throws<SimulatedKill>(() => ModelFolder.Save(folder.Path, Model("new"), killed));
            if (torn)
                Tear(folder.Path, killed.LastPath);

            bool isNew = killed.Changes.Contains("rename");
            committed += isNew ? 1 : 0;
            RequireModel(folder.Path, isNew ? "new" : "old");

            // Whatever lies about, the next save works and tidies up.
            ModelFolder.Save(folder.Path, Model("last"));
            RequireModel(folder.Path, "last");
            int generation = isNew ? 4 : 3;
            Assert.Equal([".lock", $"config.{generation}.json", "manifest.json", $"weights.{generation}.safetensors"], FilesIn(folder.Path));
        }

        Assert.InRange(committed, 2, steps - 10);
    }

    [Fact]
    public void AKillDuringTheFirstSaveLeavesNoModelOrAWholeOne()
    {
        int steps = CountSteps();
        for (int kill = 1; kill <= steps; kill++)
        {
            using var folder = new TemporaryFolder();
            string path = folder.File("model");
            var killed = new KillAfter(kill);
            try
            {
                ModelFolder.Save(path, Model("new"), killed);
            }
            catch (SimulatedKill)
            {
                if (!killed.Changes.Contains("rename"))
                {
                    Assert.Throws<ModelFileException>(() => ModelFolder.Open(path));
                    ModelFolder.Save(path, Model("new"));
                }
            }

            RequireModel(path, "new");
        }
    }

    [Fact]
    public void ASecondKillChangesNothing()
    {
        using var folder = new TemporaryFolder();
        ModelFolder.Save(folder.Path, Model("old"));
        int steps = CountSteps();
        for (int kill = 1; kill <= steps; kill++)
        {
            var killed = new KillAfter(kill);
            bool done = false;
            try
            {
                ModelFolder.Save(folder.Path, Model($"new {kill}"), killed);
                done = true;
            }
            catch (SimulatedKill)
            {
            }

            if (done || killed.Changes.Contains("rename"))
                RequireModel(folder.Path, $"new {kill}");
            else
                RequireModel(folder.Path, "old");
        }

        ModelFolder.Save(folder.Path, Model("last"));
        Assert.Equal(4, FilesIn(folder.Path).Length);
    }

    [Fact]
    public void AnErrorOfTheWriterLeavesTheOldModel()
    {
        using var folder = new TemporaryFolder();
        ModelFolder.Save(folder.Path, Model("old"));
        Assert.Throws<TimeoutException>(() => ModelFolder.Save(folder.Path, [Text("config.json", "new"), new("weights.safetensors", s =>
        {
            s.WriteByte(1);
            throw new TimeoutException();
        })]));
        RequireModel(folder.Path, "old");
    }

    [Fact]
    public void OtherFilesInTheFolderStay()
    {
        using var folder = new TemporaryFolder();
        string[] others = ["notes.2.txt", "README.md", "config.7.json", "weights.99.safetensors"];
        foreach (string other in others)
            File.WriteAllText(folder.File(other), other);
        ModelFolder.Save(folder.Path, Model("a"));
        ModelFolder.Save(folder.Path, Model("b"));
        Assert.All(others, other => Assert.Equal(other, File.ReadAllText(folder.File(other))));
    }

    [Fact]
    public void OnlyOneMaySaveAtATime()
    {
        using var folder = new TemporaryFolder();
        ModelFolder.Save(folder.Path, Model("old"));
        ModelFolder.Save(folder.Path, [Text("config.json", "outer config"), new("weights.safetensors", stream =>
        {
            Assert.Contains("another save", Assert.Throws<ModelFileException>(() => ModelFolder.Save(folder.Path, Model("inner"))).Message);
            RequireModel(folder.Path, "old");
            stream.Write("outer weights"u8);
        })]);
        RequireModel(folder.Path, "outer");
    }

    [Fact]
    public void AnOpenModelSurvivesASave()
    {
        using var folder = new TemporaryFolder();
        ModelFolder.Save(folder.Path, Model("old"));
        using ModelFolder open = ModelFolder.Open(folder.Path);
        ModelFolder.Save(folder.Path, Model("new"));
        Assert.Equal("old weights", Read(open, "weights.safetensors"));
        RequireModel(folder.Path, "new");
    }

    [Fact]
    public async Task ReadersSeeWholeModelsWhileSavesGoOn()
    {
        using var folder = new TemporaryFolder();
        ModelFolder.Save(folder.Path, Model("0"));
        Task saving = Task.Run(() =>
        {
            for (int i = 1; i <= 100; i++)
                ModelFolder.Save(folder.Path, Model($"{i}"));
        });
        while (!saving.IsCompleted)
        {
            using ModelFolder open = ModelFolder.Open(folder.Path);
            string[] both = [Read(open, "config.json"), Read(open, "weights.safetensors")];
            Assert.Equal(both[0].Split(' ')[0], both[1].Split(' ')[0]);
        }

        await saving;
        RequireModel(folder.Path, "100");
    }

    [Fact]
    public void DamagedFilesAreFound()
    {
        using var folder = new TemporaryFolder();
        ModelFolder.Save(folder.Path, Model("a"));
        string weights = folder.File("weights.1.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);

        bytes[0] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Assert.Contains("SHA-256", Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path)).Message);
        File.WriteAllBytes(weights, bytes[..^1]);
        Assert.Contains($"{bytes.Length} bytes", Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path)).Message);
        File.Delete(weights);
        Assert.Contains("no file", Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path)).Message);
        File.Delete(folder.File("manifest.json"));
        Assert.Contains("no manifest", Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path)).Message);
        Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.File("nowhere")));
    }

    [Theory]
    [InlineData("../x.json")]
    [InlineData("/x.json")]
    [InlineData("a/b.json")]
    [InlineData("a\\b.json")]
    [InlineData("..")]
    [InlineData("x")]
    [InlineData(".json")]
    [InlineData("x.")]
    [InlineData("x.y.json")]
    [InlineData("X.json")]
    [InlineData("manifest.json")]
    [InlineData("con.json")]
    [InlineData("com1.json")]
    [InlineData("é.json")]
    [InlineData("c:x.json")]
    public void ANameThatIsNotAllowedIsRefusedBothWays(string name)
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("the names", Assert.Throws<ModelFileException>(() => ModelFolder.Save(folder.File("m"), [Text(name, "")])).Message);
        Assert.False(Directory.Exists(folder.File("m")));
        string escaped = name.Replace("\\", "\\\\");
        string json = """{"formatVersion":1,"generation":1,"files":{"NAME":{"file":"NAME","length":0,"sha256":"ZERO"}}}""".Replace("NAME", escaped).Replace("ZERO", Zero);
        Assert.Contains("small letters", Assert.Throws<ModelFileException>(() => Manifest.Parse(Encoding.UTF8.GetBytes(json), "manifest.json")).Message);
    }

    [Fact]
    public void ANameComesOnce() => Assert.Throws<ModelFileException>(() => ModelFolder.Save("unused", [Text("a.json", ""), Text("a.json", "")]));

    [Fact]
    public void AFileIsNoFolder()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("m"), "");
        Assert.Throws<ModelFileException>(() => ModelFolder.Save(folder.File("m"), Model("a")));
    }

    private const string Zero = "0000000000000000000000000000000000000000000000000000000000000000";

    public static TheoryData<string, string> BadManifests => new()
    {
        { "byte 0", "" },
        { "JSON", "[" },
        { "a JSON StartArray", "[]" },
        { "formatVersion", "{}" },
        { "later release", """{"formatVersion":2,"generation":1,"files":{},"unheard":true}""" },
        { "later release", """{"unheard":{"deep":[1,2]},"formatVersion":3}""" },
        { "formatVersion 1", """{"formatVersion":0,"generation":1,"files":{}}""" },
        { "'unheard'", """{"formatVersion":1,"generation":1,"files":{},"unheard":true}""" },
        { "again", """{"formatVersion":1,"generation":1,"generation":1,"files":{}}""" },
        { "again", """{"formatVersion":1,"generation":1,"formatVersion":1,"files":{}}""" },
        { "found none", """{"formatVersion":1,"files":{}}""" },
        { "found 0", """{"formatVersion":1,"generation":0,"files":{}}""" },
        { "generation", """{"formatVersion":1,"generation":9223372036854775807,"files":{}}""" },
        { "found none", """{"formatVersion":1,"generation":1}""" },
        { "JSON", """{"formatVersion":1,"generation":1,"files":{}} x""" },
        { "missing", """{"formatVersion":1,"generation":1,"files":{"a.json":{"file":"a.1.json","length":1}}}""" },
        { "'size'", """{"formatVersion":1,"generation":1,"files":{"a.json":{"file":"a.1.json","size":1}}}""" },
        { "'length'", """{"formatVersion":1,"generation":1,"files":{"a.json":{"length":1,"length":1}}}""" },
        { "'a.1.json'", """{"formatVersion":1,"generation":1,"files":{"a.json":{"file":"a.2.json","length":0,"sha256":"ZERO"}}}""" },
        { "'../a.1.json'", """{"formatVersion":1,"generation":1,"files":{"a.json":{"file":"../a.1.json","length":0,"sha256":"ZERO"}}}""" },
        { "hexadecimal", """{"formatVersion":1,"generation":1,"files":{"a.json":{"file":"a.1.json","length":0,"sha256":"ZERO0"}}}""" },
        { "hexadecimal", """{"formatVersion":1,"generation":1,"files":{"a.json":{"file":"a.1.json","length":0,"sha256":"AZER"}}}""" },
        { "again", """{"formatVersion":1,"generation":1,"files":{"a.json":{"file":"a.1.json","length":0,"sha256":"ZERO"},"a.json":{"file":"a.1.json","length":0,"sha256":"ZERO"}}}""" },
    };

    [Theory]
    [MemberData(nameof(BadManifests))]
    public void ABadManifestIsRefused(string part, string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("manifest.json"), json.Replace("AZER", "A" + Zero[1..]).Replace("ZERO", Zero));
        ModelFileException error = Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path));
        Assert.Contains(part, error.Message);

        // Nor is it written over: the files that it means may be worth saving.
        Assert.Throws<ModelFileException>(() => ModelFolder.Save(folder.Path, Model("new")));
    }

    [Fact]
    public void AManifestCutOffAnywhereIsRefused()
    {
        var files = new OrderedDictionary<string, ManifestEntry> { ["config.json"] = new("config.3.json", 12, Zero), ["weights.safetensors"] = new("weights.3.safetensors", 1, Zero) };
        byte[] whole = new Manifest(3, files).ToJson();
        Assert.Equal(files, Manifest.Parse(whole, "manifest.json").Files);
        for (int length = 0; length < whole.Length; length++)
            Assert.Throws<ModelFileException>(() => Manifest.Parse(whole.AsSpan(0, length), "manifest.json"));
    }

    private static int CountSteps()
    {
        using var folder = new TemporaryFolder();
        ModelFolder.Save(folder.Path, Model("first"));
        ModelFolder.Save(folder.Path, Model("old"));
        var steps = new KillAfter(int.MaxValue);
        ModelFolder.Save(folder.Path, Model("new"), steps);
        return steps.Changes.Count;
    }

    /// <summary>Damages everything that the manifest does not name, as if it had been on its way to the disk.</summary>
    private static void Tear(string path, string lastPath)
    {
        string manifest = Path.Combine(path, "manifest.json");
        HashSet<string> whole = ["manifest.json", .. Manifest.ReadIfPresent(path)!.Files.Values.Select(f => f.File)];
        Assert.True(File.Exists(manifest));

        // The journal has been flushed before anything that it names exists; it can only be torn while it is written.
        if (!lastPath.EndsWith(".lock", StringComparison.Ordinal))
            whole.Add(".lock");
        foreach (string name in FilesIn(path).Where(n => !whole.Contains(n)))
        {
            using FileStream stream = File.OpenWrite(Path.Combine(path, name));
            stream.SetLength(stream.Length / 2);
        }
    }

    private sealed class SimulatedKill : Exception;

    private sealed class KillAfter(int count) : ISaveSteps
    {
        internal List<string> Changes { get; } = [];

        internal string LastPath { get; private set; } = "";

        public void After(string change, string path)
        {
            Changes.Add(change);
            LastPath = path;
            if (Changes.Count == count)
                throw new SimulatedKill();
        }
    }
}
