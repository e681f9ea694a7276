using System.Collections.Generic;
using System.Threading;
using Sosia.Core.Buses;
using Sosia.Core.Memory;
using Sosia.Isa.X86;

namespace Sosia.Engines.Kvm;

/// <summary>
/// Breakpoints beyond those that the host's processor has registers for: an INT3 in the place of an instruction's first byte, there only while the machine runs
/// by KVM. They are bound to the physical page that the address leads to when they are set.
/// </summary>
internal sealed unsafe class SoftwareBreakpoints
{
    private const byte Int3 = 0xcc;
    private const ulong PageOffsetMask = GuestRam.PageSize - 1;

    private readonly MemoryBus _memory;
    private readonly Lock _gate = new();
    private readonly Dictionary<X86Cpu, Dictionary<ulong, ulong>> _byCpu = [];
    private readonly Dictionary<ulong, byte> _replaced = [];
    private volatile bool _mustInsert;

    public SoftwareBreakpoints(MemoryBus memory)
    {
        _memory = memory;
    }

    /// <summary>True when any processor has some: then INT3 must come to us on all of them, which share the memory.</summary>
    public bool Any => _byCpu.Count != 0;

    /// <summary>Sets those of a processor, in the place of those before. While the machine does not run.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="addresses">Linear addresses.</param>
    /// <returns>False, with nothing changed, when one of them leads to no RAM or ROM now.</returns>
    public bool TrySet(X86Cpu cpu, IEnumerable<ulong> addresses)
    {
        Dictionary<ulong, ulong> offsets = [];
        foreach (ulong linear in addresses)
        {
            if (!cpu.TryTranslateDebug(linear, out ulong guestPhysical) || _memory.FindRamPage(guestPhysical, out ulong page, out _) == null)
            {
                return false;
            }

            offsets[linear] = (page * GuestRam.PageSize) + (guestPhysical & PageOffsetMask);
        }

        lock (_gate)
        {
            RestoreBytes();
            _byCpu.Remove(cpu);
            if (offsets.Count != 0)
            {
                _byCpu.Add(cpu, offsets);
            }

            _mustInsert = Any;
        }

        return true;
    }

    /// <summary>True when an address is one of the processor's.</summary>
    public bool Has(X86Cpu cpu, ulong linear) => _byCpu.TryGetValue(cpu, out Dictionary<ulong, ulong>? offsets) && offsets.ContainsKey(linear);

    /// <summary>Puts them into memory, if they are not; to be called before the guest runs by KVM.</summary>
    public void Insert()
    {
        if (!_mustInsert)
        {
            return;
        }

        lock (_gate)
        {
            _mustInsert = false;
            foreach (Dictionary<ulong, ulong> offsets in _byCpu.Values)
            {
                foreach (ulong offset in offsets.Values)
                {
                    // SAFETY: the offset comes from the memory map, and guest RAM outlives the engine.
                    byte old = *(_memory.Ram.HostBase + offset);
                    if (_replaced.TryAdd(offset, old))
                    {
                        _memory.Ram.Write(offset, [Int3]);
                    }
                }
            }
        }
    }

    /// <summary>Gives memory its own bytes back; to be called before anybody but KVM looks at it.</summary>
    public void Withdraw()
    {
        if (Any && !_mustInsert)
        {
            lock (_gate)
            {
                RestoreBytes();
                _mustInsert = true;
            }
        }
    }

    private void RestoreBytes()
    {
        foreach ((ulong offset, byte old) in _replaced)
        {
            // What the guest has overwritten meanwhile is the guest's.
            // SAFETY: as in Insert.
            if (*(_memory.Ram.HostBase + offset) == Int3)
            {
                _memory.Ram.Write(offset, [old]);
            }
        }

        _replaced.Clear();
    }
}
