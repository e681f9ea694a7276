using System;
using System.Collections.Generic;
using System.Numerics;
using Sosia.Core.Execution;

namespace Sosia.Engines.Kvm;

/// <summary>A debugger's wishes as values of DR0 to DR3 and DR7 (SDM vol. 3, 18.2.4), and what did not find a place there.</summary>
internal sealed class DebugRegisters
{
    private const int RegisterCount = 4;
    private const int MaxByteCount = 8;
    private const ulong Fixed = 0x400;
    private const ulong OnExecution = 0;
    private const ulong OnWrite = 1;
    private const ulong OnAccess = 3;

    private readonly List<ulong> _addresses = [];
    private readonly List<Watchpoint?> _watchpoints = [];
    private readonly List<ulong> _leftOver = [];

    private DebugRegisters()
    {
    }

    /// <summary>DR0 to DR3, as many as are in use.</summary>
    public IReadOnlyList<ulong> Addresses => _addresses;

    /// <summary>DR7.</summary>
    public ulong Control { get; private set; } = Fixed;

    /// <summary>Breakpoints for which no register was left.</summary>
    public IReadOnlyList<ulong> LeftOver => _leftOver;

    /// <summary>Gives each wish its registers: the watchpoints first, because a breakpoint can be had otherwise.</summary>
    /// <returns>Null when the watchpoints cannot be had: there are too many, or one is for reads alone, which no x86 processor tells from writes.</returns>
    public static DebugRegisters? TryAllocate(DebugControl control)
    {
        var registers = new DebugRegisters();
        foreach (Watchpoint watchpoint in control.Watchpoints)
        {
            if (!registers.TryAdd(watchpoint))
            {
                return null;
            }
        }

        foreach (ulong linear in control.Breakpoints)
        {
            if (registers._addresses.Count < RegisterCount)
            {
                registers.Add(linear, 1, OnExecution, null);
            }
            else
            {
                registers._leftOver.Add(linear);
            }
        }

        return registers;
    }

    /// <summary>The watchpoint that an exception was about.</summary>
    /// <param name="status">DR6.</param>
    /// <returns>Null when it was about none.</returns>
    public Watchpoint? FindWatchpoint(ulong status)
    {
        for (int i = 0; i < _watchpoints.Count; i++)
        {
            if ((status & (1UL << i)) != 0 && _watchpoints[i] is { } watchpoint)
            {
                return watchpoint;
            }
        }

        return null;
    }

    // A register watches 1, 2, 4 or 8 bytes that are aligned to their size.
    private bool TryAdd(in Watchpoint watchpoint)
    {
        if ((watchpoint.Access & WatchedAccess.Write) == 0)
        {
            return false;
        }

        ulong condition = watchpoint.Access == WatchedAccess.Write ? OnWrite : OnAccess;
        for (ulong done = 0; done < watchpoint.ByteCount;)
        {
            if (_addresses.Count == RegisterCount)
            {
                return false;
            }

            ulong linear = watchpoint.Linear + done;
            ulong left = watchpoint.ByteCount - done;
            int byteCount = Math.Min(left >= MaxByteCount ? MaxByteCount : 1 << BitOperations.Log2(left), linear == 0 ? MaxByteCount : 1 << Math.Min(BitOperations.TrailingZeroCount(linear), 3));
            Add(linear, byteCount, condition, watchpoint);
            done += (ulong)byteCount;
        }

        return true;
    }

    private void Add(ulong linear, int byteCount, ulong condition, Watchpoint? watchpoint)
    {
        int register = _addresses.Count;
        ulong length = byteCount switch { 1 => 0UL, 2 => 1, 4 => 3, _ => 2 };
        // Enabled globally; what and how much.
        Control |= (2UL << (2 * register)) | ((condition | (length << 2)) << (16 + (4 * register)));
        _addresses.Add(linear);
        _watchpoints.Add(watchpoint);
    }
}
