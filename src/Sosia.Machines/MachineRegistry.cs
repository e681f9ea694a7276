using System;
using System.Collections.Generic;
using Sosia.Core;

namespace Sosia.Machines;

/// <summary>The machines that exist, by name. A new machine adds its line here.</summary>
public static class MachineRegistry
{
    private static readonly (string Name, string Description, Func<MachineOptions, Machine> Create)[] Machines =
    [
        ("pc", "PC with i440FX and PIIX chips, PCI, ACPI", static options => new PcMachine(options)),
        ("microvm", "no PCI and no firmware, virtio in memory: the fastest start", static options => new MicrovmMachine(options)),
    ];

    /// <summary>Names and one-line descriptions, for help texts.</summary>
    public static IEnumerable<(string Name, string Description)> Describe()
    {
        foreach ((string name, string description, _) in Machines)
        {
            yield return (name, description);
        }
    }

    /// <summary>Builds a machine, without starting it.</summary>
    /// <exception cref="SosiaException">The options name something unknown or impossible.</exception>
    public static Machine Create(MachineOptions options)
    {
        foreach ((string name, _, Func<MachineOptions, Machine> create) in Machines)
        {
            if (name == options.Machine)
            {
                return create(options);
            }
        }

        throw new SosiaException($"There is no machine '{options.Machine}'; choose one of: {string.Join(", ", Array.ConvertAll(Machines, static m => m.Name))}.");
    }
}
