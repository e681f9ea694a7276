using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Core;
using Sosia.Core.Execution;

namespace Sosia.Theory.Host;

/// <summary>
/// The question "which instructions are sensitive, and do they trap?" put to the processor that we run on: every row of the table that is privileged or sensitive, executed in
/// user mode in a confined process, and where an engine can, at privilege level 0 of a small virtual machine.
/// </summary>
public sealed class HostReport
{
    private HostReport(
        IReadOnlyList<HostFacility> facilities, IReadOnlyList<HostFinding> findings, IReadOnlyList<Ring0Finding> ring0Findings, string? whyNoCompatibilityCode, string? whyNoRing0)
    {
        Facilities = facilities;
        Findings = findings;
        Ring0Findings = ring0Findings;
        WhyNoCompatibilityCode = whyNoCompatibilityCode;
        WhyNoRing0 = whyNoRing0;
    }

    /// <summary>The processor's name, as it says.</summary>
    public string Processor { get; } = HostProcessor.Name;

    /// <summary>True when the processor says that it is a virtual one: then a hypervisor may have answered for it.</summary>
    public bool IsVirtual { get; } = HostProcessor.IsVirtual;

    /// <summary>The kernel's name and version.</summary>
    public string Kernel { get; } = $"Linux {Environment.OSVersion.Version}";

    /// <summary>What the host offers for direct execution.</summary>
    public IReadOnlyList<HostFacility> Facilities { get; }

    /// <summary>The instructions in user mode: 64-bit code, then 32-bit code where that runs.</summary>
    public IReadOnlyList<HostFinding> Findings { get; }

    /// <summary>The instructions at privilege level 0; empty where nothing can run them.</summary>
    public IReadOnlyList<Ring0Finding> Ring0Findings { get; }

    /// <summary>Why 32-bit code was not asked about; null when it was.</summary>
    public string? WhyNoCompatibilityCode { get; }

    /// <summary>Why privilege level 0 was not asked about; null when it was.</summary>
    public string? WhyNoRing0 { get; }

    /// <summary>Asks.</summary>
    /// <param name="ring0Engine">
    /// Makes an engine that runs virtual machines on the processor itself; called once for every instruction, as one may leave it unusable. Null where there is none.
    /// </param>
    /// <param name="whyNoRing0">Why there is none, one sentence; for example the probe's reason of the engine "kvm".</param>
    /// <exception cref="SosiaException">The host is not Linux on x86-64, or cannot start processes from memory.</exception>
    public static HostReport Create(Func<IEngine>? ring0Engine = null, string? whyNoRing0 = null)
    {
        using var probe = new NativeProbe();
        var facilities = new HostFacilities(probe);
        IReadOnlyList<HostFacility> found = facilities.Find();
        using var examination = new HostExamination(probe, facilities.FakesTables);
        List<HostFinding> findings = [.. SnippetMaker.OfSensitiveRows(64).Select(examination.Examine)];
        string? whyNoCompatibilityCode = null;
        if (facilities.HasCompatibilityCode)
        {
            findings.AddRange(SnippetMaker.OfSensitiveRows(32).Select(examination.Examine));
        }
        else
        {
            whyNoCompatibilityCode = found[^1].Finding;
        }

        List<Ring0Finding> ring0 = [];
        if (ring0Engine is not null)
        {
            foreach (Snippet snippet in SnippetMaker.OfSensitiveRows(64))
            {
                using var machine = new MachineProbe(ring0Engine());
                ring0.Add(examination.CompareRing0(snippet, machine.Run(snippet, privilegeLevel: 0)));
            }
        }

        return new HostReport(found, findings, ring0, whyNoCompatibilityCode, ring0Engine is null ? whyNoRing0 ?? "No engine runs virtual machines on this processor." : null);
    }
}
