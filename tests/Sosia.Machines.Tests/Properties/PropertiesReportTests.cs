using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using Sosia.Control;
using Sosia.Control.Properties;
using Sosia.Control.Properties.Equivalence;
using Sosia.Control.Properties.Html;
using Sosia.Machines.Tests.Lockstep;
using Xunit;

namespace Sosia.Machines.Tests.Properties;

/// <summary>The report on the three properties, for a guest of a few instructions.</summary>
public sealed unsafe class PropertiesReportTests : IDisposable
{
    private const string SvgNamespace = "http://www.w3.org/2000/svg";

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Every_property_holds_under_every_engine_that_works_and_the_page_needs_nothing_else()
    {
        EngineChoice[] engines = [.. EngineRegistry.Describe().Select(static e => new EngineChoice(e.Name, e.Description, e.WhyNot)), new("absent", "is not here", "this host has no <such> thing")];
        PropertiesReport report = PropertiesRun.Run(Options(engines), "1.2.3", "./sosia compare --properties");
        Assert.True(report.AreEquivalent);
        Assert.True(report.AreInControl);
        foreach (EngineProperties engine in report.Engines.Where(static e => e.WhyNot is null))
        {
            Assert.InRange(engine.ResourceControl.Count, 12, 100);
            Assert.All(engine.Efficiency!.Kernels, static k => Assert.True(k.Slowdown > 0));
            Assert.NotEmpty(engine.Efficiency.ExitsByCause);
        }

        EngineProperties interpreter = report.Engines.Single(static e => e.Engine == "interpreter");
        Assert.Equal(EquivalenceMethod.Repeatability, interpreter.Equivalence!.Method);
        Assert.InRange(interpreter.Equivalence.Instructions, 80_000, 81_000);
        Assert.Equal(interpreter.Efficiency!.Instructions, interpreter.Efficiency.Interpreted);
        EngineProperties recompiler = report.Engines.Single(static e => e.Engine == "recompiler");
        Assert.Equal(EquivalenceMethod.Lockstep, recompiler.Equivalence!.Method);
        Assert.Equal(interpreter.Equivalence.Instructions, recompiler.Equivalence.Instructions);
        Assert.InRange(recompiler.Efficiency!.Translated, recompiler.Efficiency.Instructions / 2, recompiler.Efficiency.Instructions);

        CheckPage(HtmlReport.Write(report));
        JsonElement json = JsonDocument.Parse(report.ToJson()).RootElement;
        Assert.Equal(engines.Length, json.GetProperty("engines").GetArrayLength());
        Assert.True(json.GetProperty("areEquivalent").GetBoolean());
    }

    [Fact]
    public void An_engine_that_flips_a_bit_is_reported_as_not_equivalent()
    {
        PropertiesOptions options = Options([new("flipping", "flips a bit", null)]) with
        {
            CreateEngine = static name => name == "flipping" ? new CorruptingEngine(EngineRegistry.Create("interpreter"), 54_321, static cpu => cpu.State->Gpr[12] ^= 1) : EngineRegistry.Create(name),
        };
        PropertiesReport report = PropertiesRun.Run(options, "1.2.3", "./sosia");
        Assert.False(report.AreEquivalent);
        EquivalenceResult equivalence = Assert.Single(report.Engines).Equivalence!;
        Assert.False(equivalence.Holds);
        Assert.Contains("after instruction 54,321", equivalence.Summary, StringComparison.Ordinal);
        Assert.Contains("r12", equivalence.Report, StringComparison.Ordinal);
        Assert.Contains("fails", CheckPage(HtmlReport.Write(report)).Value, StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_that_cannot_count_instructions_out_is_compared_by_the_console()
    {
        PropertiesOptions options = Options([new("counting", "cannot count", null), new("silent", "loses output", null)]) with
        {
            Prompt = "sh:",
            AtPrompt = "x",
            CreateEngine = static name => name switch
            {
                "counting" => new InexactEngine(EngineRegistry.Create("recompiler"), isSilent: false),
                "silent" => new InexactEngine(EngineRegistry.Create("recompiler"), isSilent: true),
                _ => EngineRegistry.Create(name),
            },
        };
        PropertiesReport report = PropertiesRun.Run(options, "1.2.3", "./sosia");
        Assert.Equal([EquivalenceMethod.Transcript, EquivalenceMethod.Transcript], report.Engines.Select(static e => e.Equivalence!.Method));
        Assert.Equal([true, false], report.Engines.Select(static e => e.Equivalence!.Holds!.Value));
        Assert.Contains("hello #", report.Engines[1].Equivalence!.Report, StringComparison.Ordinal);
        CheckPage(HtmlReport.Write(report));
    }

    // Well-formed, and without anything that a browser would look for elsewhere.
    private static XElement CheckPage(string page)
    {
        using var reader = XmlReader.Create(new StringReader(page), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        XElement root = XDocument.Load(reader).Root!;
        Assert.DoesNotContain("http", page.Replace(SvgNamespace, string.Empty, StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(root.DescendantsAndSelf(), static e => e.Name.LocalName is "script" or "link" or "img" or "iframe");
        Assert.DoesNotContain(root.DescendantsAndSelf().SelectMany(static e => e.Attributes()), static a => a.Name.LocalName is "src" or "href");
        // HTML closes only its void elements without an end tag.
        Assert.DoesNotContain(root.DescendantsAndSelf(), static e => e.IsEmpty && e.Name.Namespace == XNamespace.None && e.Name.LocalName is not "meta");
        // Every picture says what it shows.
        Assert.All(root.Descendants(XName.Get("svg", SvgNamespace)), static e => Assert.True(e.Attribute("aria-label") is not null || e.Attribute("aria-hidden") is not null));
        return root;
    }

    private PropertiesOptions Options(IReadOnlyList<EngineChoice> engines) => new()
    {
        GuestName = "tiny",
        Engines = engines,
        MaxInstructions = 100_000,
        KernelTime = TimeSpan.FromMicroseconds(100),
        KernelRuns = 1,
        Machine = new MachineOptions
        {
            Kernel = _files.Write(
                "kernel",
                // "hello 7", a new line, the prompt; ecx = 20000; loop: inc rax; add rbx, 7; dec ecx; jnz loop
                new GuestCode().Print("hello 7\nsh:", true).EnterLongMode().Raw(0xb9).Word32(20_000)
                    .Raw(0xff, 0xc0, 0x83, 0xc3, 0x07, 0xff, 0xc9, 0x75, 0xf7).Out(0xf4, 0, true).Stop().ToArray()),
            LoadAddress = 0x10_0000,
            MemoryByteCount = 4 << 20,
            DebugExitPort = 0xf4,
        },
    };
}
