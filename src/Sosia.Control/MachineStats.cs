using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Serialization;
using Sosia.Core.Execution;
using Sosia.Isa.X86;
using Sosia.Machines;

namespace Sosia.Control;

/// <summary>How a machine has fared: the figures of <c>--stats</c>.</summary>
public sealed record MachineStats
{
    /// <summary>The engine's name.</summary>
    [JsonPropertyName("engine")]
    public required string Engine { get; init; }

    /// <summary>Host seconds during which the machine was run, sleeping included.</summary>
    [JsonPropertyName("wallSeconds")]
    public required double WallSeconds { get; init; }

    /// <summary>Guest instructions retired since power-on.</summary>
    [JsonPropertyName("instructionsRetired")]
    public required long InstructionsRetired { get; init; }

    /// <summary>Million instructions per host second.</summary>
    [JsonPropertyName("mips")]
    public required double Mips { get; init; }

    /// <summary>Pieces of guest code that the engine prepared.</summary>
    [JsonPropertyName("translations")]
    public required long Translations { get; init; }

    /// <summary>Calls from translated code into the engine; 0 for an engine that does not translate.</summary>
    [JsonPropertyName("helperCalls")]
    public required long HelperCalls { get; init; }

    /// <summary>Those of <see cref="HelperCalls"/> that executed an instruction, by its mnemonic, the most frequent first.</summary>
    [JsonPropertyName("helperCallsByInstruction")]
    public required IReadOnlyDictionary<string, long> HelperCallsByInstruction { get; init; }

    /// <summary>Guest instructions in the pieces that became host code; 0 for an engine that does not translate.</summary>
    [JsonPropertyName("translatedInstructions")]
    public required long TranslatedInstructions { get; init; }

    /// <summary>Instructions retired while host code ran.</summary>
    [JsonPropertyName("instructionsInHostCode")]
    public required long InstructionsInHostCode { get; init; }

    /// <summary>Instructions that the host's processor executed directly, as the guest has them; −1 when they cannot be counted.</summary>
    [JsonPropertyName("instructionsNative")]
    public required long InstructionsNative { get; init; }

    /// <summary>How often execution left guest code for the VMM, by cause, the most frequent first; empty when the engine does not count it.</summary>
    [JsonPropertyName("exitsByCause")]
    public required IReadOnlyDictionary<string, long> ExitsByCause { get; init; }

    /// <summary>What reached devices and processors without the guest's being left for it, by kind; empty for an engine that has no such ways.</summary>
    [JsonPropertyName("sparedExits")]
    public required IReadOnlyDictionary<string, long> SparedExits { get; init; }

    /// <summary>How often the engine met an instruction that it could not execute, and left it to the interpreter.</summary>
    [JsonPropertyName("emulationFailures")]
    public required long EmulationFailures { get; init; }

    /// <summary>How many instructions the interpreter executed on that account.</summary>
    [JsonPropertyName("instructionsInterpretedForHost")]
    public required long InstructionsInterpretedForHost { get; init; }

    /// <summary>All other instructions retired: cold code, and what has no host code.</summary>
    [JsonPropertyName("instructionsInterpreted")]
    public required long InstructionsInterpreted { get; init; }

    /// <summary>Host seconds spent on making host code.</summary>
    [JsonPropertyName("translationSeconds")]
    public required double TranslationSeconds { get; init; }

    /// <summary><see cref="TranslationSeconds"/> as a part of <see cref="WallSeconds"/>, 0 to 1.</summary>
    [JsonPropertyName("translationShare")]
    public required double TranslationShare { get; init; }

    /// <summary>Microseconds that translating one guest instruction took.</summary>
    [JsonPropertyName("translationMicrosecondsPerInstruction")]
    public required double TranslationMicrosecondsPerInstruction { get; init; }

    /// <summary>Room for host code in bytes.</summary>
    [JsonPropertyName("codeCacheBytes")]
    public required long CodeCacheBytes { get; init; }

    /// <summary>Host code kept at the end, in bytes.</summary>
    [JsonPropertyName("codeCacheUsedBytes")]
    public required long CodeCacheUsedBytes { get; init; }

    /// <summary>How often the engine dropped all that it had prepared.</summary>
    [JsonPropertyName("cacheFlushes")]
    public required long CacheFlushes { get; init; }

    /// <summary>Address translations that had to walk page tables.</summary>
    [JsonPropertyName("tlbMisses")]
    public required long TlbMisses { get; init; }

    /// <summary>Accesses to device registers in memory and to ports.</summary>
    [JsonPropertyName("deviceAccesses")]
    public required long DeviceAccesses { get; init; }

    /// <summary>Accesses that nothing answered.</summary>
    [JsonPropertyName("unclaimedAccesses")]
    public required long UnclaimedAccesses { get; init; }

    /// <summary>Exceptions and interrupts delivered to the guest, by vector; vectors that never came are absent.</summary>
    [JsonPropertyName("faultsByVector")]
    public required IReadOnlyDictionary<string, long> FaultsByVector { get; init; }

    /// <summary>How often the guest misused a device, by device.</summary>
    [JsonPropertyName("guestMisuse")]
    public required IReadOnlyDictionary<string, long> GuestMisuse { get; init; }

    /// <summary>How often the guest restarted the machine.</summary>
    [JsonPropertyName("resets")]
    public required int Resets { get; init; }

    /// <summary>The most memory that this process has had resident, in bytes, touched guest RAM included.</summary>
    [JsonPropertyName("peakMemoryBytes")]
    public required long PeakMemoryBytes { get; init; }

    internal static MachineStats Of(VirtualMachine vm, TimeSpan wall)
    {
        Machine machine = vm.Machine;
        long retired = machine.RetiredInstructions;
        EngineCounters counters = vm.Engine.Counters;
        double translation = counters.TranslationNanoseconds / 1e9;
        return new MachineStats
        {
            Engine = vm.Engine.Name,
            WallSeconds = wall.TotalSeconds,
            InstructionsRetired = retired,
            Mips = wall.TotalSeconds > 0 ? retired / wall.TotalSeconds / 1e6 : 0,
            Translations = counters.Translations,
            HelperCalls = counters.HelperCalls,
            HelperCallsByInstruction = counters.CallsByMnemonic ?? new Dictionary<string, long>(),
            TranslatedInstructions = counters.TranslatedInstructions,
            InstructionsInHostCode = counters.InstructionsInHostCode,
            InstructionsNative = counters.InstructionsNative,
            ExitsByCause = new Dictionary<string, long>((counters.ExitsByCause ?? new Dictionary<string, long>()).OrderByDescending(static p => p.Value)),
            SparedExits = counters.SparedExits ?? new Dictionary<string, long>(),
            EmulationFailures = counters.EmulationFailures,
            InstructionsInterpretedForHost = counters.InstructionsInterpretedForHost,
            InstructionsInterpreted = Math.Max(0, retired - counters.InstructionsInHostCode - Math.Max(0, counters.InstructionsNative)),
            TranslationSeconds = translation,
            TranslationShare = wall.TotalSeconds > 0 ? translation / wall.TotalSeconds : 0,
            TranslationMicrosecondsPerInstruction = counters.TranslatedInstructions != 0 ? translation * 1e6 / counters.TranslatedInstructions : 0,
            CodeCacheBytes = counters.CodeCacheByteCount,
            CodeCacheUsedBytes = counters.CodeCacheUsedByteCount,
            CacheFlushes = counters.CacheFlushes,
            TlbMisses = CountTlbMisses(machine),
            DeviceAccesses = machine.Memory.DeviceAccesses + machine.Ports.Accesses,
            UnclaimedAccesses = machine.Memory.UnclaimedAccesses + machine.Ports.UnclaimedAccesses,
            FaultsByVector = CountEvents(machine),
            GuestMisuse = new Dictionary<string, long>(machine.Log.Counts),
            Resets = vm.ResetCount,
            PeakMemoryBytes = PeakResidentByteCount(),
        };
    }

    private static unsafe long CountTlbMisses(Machine machine)
    {
        long sum = 0;
        foreach (IVcpu vcpu in machine.Cpus)
        {
            // SAFETY: the state lives as long as the CPU.
            sum += vcpu is X86Cpu cpu ? cpu.State->TlbMisses : 0;
        }

        return sum;
    }

    private static Dictionary<string, long> CountEvents(Machine machine)
    {
        Dictionary<string, long> counts = [];
        foreach (IVcpu vcpu in machine.Cpus)
        {
            if (vcpu is X86Cpu cpu)
            {
                CountEvents(cpu, counts);
            }
        }

        return counts;
    }

    private static void CountEvents(X86Cpu cpu, Dictionary<string, long> counts)
    {
        for (int vector = 0; vector < cpu.EventCounts.Length; vector++)
        {
            if (cpu.EventCounts[vector] != 0)
            {
                string name = vector.ToString(CultureInfo.InvariantCulture);
                counts[name] = counts.GetValueOrDefault(name) + cpu.EventCounts[vector];
            }
        }
    }

    private static long PeakResidentByteCount()
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("VmHWM:", StringComparison.Ordinal)
                && long.TryParse(line.AsSpan("VmHWM:".Length).Trim().TrimEnd("kB").TrimEnd(), out long kibibytes))
            {
                return kibibytes << 10;
            }
        }

        return 0;
    }
}
