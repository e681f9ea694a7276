using System;
using System.Buffers.Binary;
using Sosia.Core.Snapshots;

namespace Sosia.Isa.X86;

/// <content>
/// The part of KVM's interface to its guests that is there under every engine, so that a guest which uses it can move between engines: clock, steal time
/// and paravirtual EOI (Linux, Documentation/virt/kvm/x86/msr.rst).
/// </content>
public sealed unsafe partial class X86Cpu
{
    private const ulong AddressEnabled = 1;
    private const byte ClockIsStable = 1;
    private const int ClockByteCount = 32;

    private ulong _paravirtualWallClock;
    private ulong _paravirtualSystemTime;
    private ulong _paravirtualStealTime;
    private ulong _paravirtualEoi;
    private uint _paravirtualVersion;

    /// <summary>True when CPUID announces KVM's interface, and its registers exist.</summary>
    public bool HasKvmInterface { get; set; }

    /// <summary>The date and time at the clock's zero, UTC.</summary>
    public DateTime WallClockAtPowerOn { get; set; } = DateTime.UnixEpoch;

    /// <summary>The paravirtual clock is the machine's clock plus this, in nanoseconds.</summary>
    public long ParavirtualClockOffset { get; set; }

    /// <summary>Writes the paravirtual clock's page anew: to be called when the time-stamp counter has changed its pace or offset.</summary>
    public void PublishParavirtualClock()
    {
        if ((_paravirtualSystemTime & AddressEnabled) == 0)
        {
            return;
        }

        // Nanoseconds = (ticks << shift) * multiplier / 2^32: with the counter's usual frequency shift 1 and multiplier 2^31.
        ulong ratio = (1_000_000UL << 32) / (uint)_tscKilohertz;
        int shift = 0;
        while (ratio > uint.MaxValue)
        {
            ratio >>= 1;
            shift++;
        }

        while (ratio < 1U << 31)
        {
            ratio <<= 1;
            shift--;
        }

        long now = Clock.NowNanoseconds;
        Span<byte> page = stackalloc byte[ClockByteCount];
        page.Clear();
        // Even: the page is whole. The processor that reads it is the one that stands still now.
        _paravirtualVersion += 2;
        BinaryPrimitives.WriteUInt32LittleEndian(page, _paravirtualVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(page[8..], TicksAt(now) + State->TscOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(page[16..], (ulong)(now + ParavirtualClockOffset));
        BinaryPrimitives.WriteUInt32LittleEndian(page[24..], (uint)ratio);
        page[28] = (byte)shift;
        page[29] = ClockIsStable;
        _ = Memory.WriteBytes(_paravirtualSystemTime & ~AddressEnabled, page);
    }

    /// <summary>Reads a register of KVM's interface.</summary>
    /// <returns>False when it does not exist.</returns>
    public bool TryReadParavirtual(uint index, out ulong value)
    {
        switch (index)
        {
            case Msr.ParavirtualWallClock:
                value = _paravirtualWallClock;
                return true;
            case Msr.ParavirtualSystemTime:
                value = _paravirtualSystemTime;
                return true;
            case Msr.ParavirtualStealTime:
                value = _paravirtualStealTime;
                return true;
            case Msr.ParavirtualEoi:
                value = _paravirtualEoi;
                return true;
            default:
                value = 0;
                return false;
        }
    }

    /// <summary>Sets a register of KVM's interface without any effect on memory: its owner was another engine until now.</summary>
    public void SetParavirtual(uint index, ulong value)
    {
        switch (index)
        {
            case Msr.ParavirtualWallClock:
                _paravirtualWallClock = value;
                break;
            case Msr.ParavirtualSystemTime:
                _paravirtualSystemTime = value;
                break;
            case Msr.ParavirtualStealTime:
                _paravirtualStealTime = value;
                break;
            case Msr.ParavirtualEoi:
                _paravirtualEoi = value;
                break;
        }
    }

    private bool TryWriteParavirtual(uint index, ulong value)
    {
        switch (index)
        {
            case Msr.ParavirtualWallClock:
                _paravirtualWallClock = value;
                WriteWallClock(value);
                return true;
            case Msr.ParavirtualSystemTime:
                _paravirtualSystemTime = value;
                PublishParavirtualClock();
                return true;
            case Msr.ParavirtualStealTime when (value & 0x3e) == 0:
                // Nothing is ever stolen: guest time stands still while the host is elsewhere. The guest cleared the record.
                _paravirtualStealTime = value;
                return true;
            case Msr.ParavirtualEoi when (value & 2) == 0:
                // The bit that would spare the guest its EOI is never set.
                _paravirtualEoi = value;
                return true;
            default:
                return false;
        }
    }

    // The time of the paravirtual clock's zero.
    private void WriteWallClock(ulong guestPhysical)
    {
        DateTime zero = WallClockAtPowerOn - new TimeSpan(ParavirtualClockOffset / 100);
        long ticks = (zero - DateTime.UnixEpoch).Ticks;
        Span<byte> record = stackalloc byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(record, 2);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], (uint)(ticks / TimeSpan.TicksPerSecond));
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], (uint)(ticks % TimeSpan.TicksPerSecond * 100));
        _ = Memory.WriteBytes(guestPhysical, record);
    }

    private void ResetParavirtual()
    {
        _paravirtualWallClock = 0;
        _paravirtualSystemTime = 0;
        _paravirtualStealTime = 0;
        _paravirtualEoi = 0;
    }

    private void SaveParavirtual(SnapshotWriter writer)
    {
        writer.Write("kvm-wall-clock", _paravirtualWallClock);
        writer.Write("kvm-system-time", _paravirtualSystemTime);
        writer.Write("kvm-steal-time", _paravirtualStealTime);
        writer.Write("kvm-eoi", _paravirtualEoi);
        writer.Write("kvm-clock-version", (long)_paravirtualVersion);
        writer.Write("kvm-clock-offset", ParavirtualClockOffset);
    }

    private void RestoreParavirtual(SnapshotReader reader)
    {
        if (reader.Version < 3)
        {
            ResetParavirtual();
            return;
        }

        _paravirtualWallClock = reader.ReadUInt64("kvm-wall-clock");
        _paravirtualSystemTime = reader.ReadUInt64("kvm-system-time");
        _paravirtualStealTime = reader.ReadUInt64("kvm-steal-time");
        _paravirtualEoi = reader.ReadUInt64("kvm-eoi");
        _paravirtualVersion = reader.ReadUInt32("kvm-clock-version");
        ParavirtualClockOffset = reader.ReadInt64("kvm-clock-offset");
    }
}
