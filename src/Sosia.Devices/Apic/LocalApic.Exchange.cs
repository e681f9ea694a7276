using System;
using System.Buffers.Binary;

namespace Sosia.Devices.Apic;

/// <content>The registers as a page of memory, for a hypervisor of the host that stands in for this local APIC and gives it back.</content>
public sealed partial class LocalApic
{
    /// <summary>Writes all registers as they lie in the page (Intel SDM volume 3, table 11-1), the id in the xAPIC's place.</summary>
    /// <param name="page">Takes 1 KiB.</param>
    internal void Export(Span<byte> page)
    {
        page.Clear();
        Put(page, RegisterId, _id << 24);
        Put(page, RegisterVersion, VersionRegister);
        Put(page, RegisterTaskPriority, _taskPriority);
        Put(page, RegisterProcessorPriority, ProcessorPriority);
        Put(page, RegisterLogicalDestination, _logicalDestination);
        Put(page, RegisterDestinationFormat, _destinationFormat);
        Put(page, RegisterSpurious, _spurious);
        Put(page, RegisterErrorStatus, _errorStatus);
        Put(page, RegisterCommandLow, _icrLow);
        Put(page, RegisterCommandHigh, _icrHigh);
        for (uint i = 0; i < 8; i++)
        {
            Put(page, RegisterInService + i, _inService[(int)i]);
            Put(page, RegisterTriggerMode + i, _triggerMode[(int)i]);
            Put(page, RegisterRequest + i, _requests[(int)i]);
        }

        for (uint i = 0; i < LvtCount; i++)
        {
            Put(page, RegisterLvtTimer + i, _lvt[i]);
        }

        Put(page, RegisterInitialCount, _timer.InitialCount);
        Put(page, RegisterCurrentCount, _timer.CurrentCount);
        Put(page, RegisterDivide, _timer.DivideConfiguration);
        // The other's timer runs from now on.
        _timer.Suspend();
    }

    /// <summary>Takes all registers from the page; the base register says how they are to be understood.</summary>
    /// <param name="page">1 KiB.</param>
    /// <param name="timerDeadline">IA32_TSC_DEADLINE.</param>
    internal void Import(ReadOnlySpan<byte> page, ulong timerDeadline)
    {
        if (!IsX2Apic)
        {
            _id = Get(page, RegisterId) >> 24;
        }

        _taskPriority = (byte)Get(page, RegisterTaskPriority);
        _logicalDestination = Get(page, RegisterLogicalDestination);
        _destinationFormat = Get(page, RegisterDestinationFormat);
        _spurious = Get(page, RegisterSpurious) & 0x1ff;
        _errorStatus = Get(page, RegisterErrorStatus);
        _errorPending = 0;
        _icrLow = Get(page, RegisterCommandLow) & 0xc_cfff;
        _icrHigh = Get(page, RegisterCommandHigh);
        for (uint i = 0; i < 8; i++)
        {
            _inService[(int)i] = Get(page, RegisterInService + i);
            _triggerMode[(int)i] = Get(page, RegisterTriggerMode + i);
            _requests[(int)i] = Get(page, RegisterRequest + i);
        }

        for (uint i = 0; i < LvtCount; i++)
        {
            _lvt[i] = Get(page, RegisterLvtTimer + i) & (LvtWritable[(int)i] | LvtRemoteIrr);
        }

        _timer.Resume(
            (int)(_lvt[LvtTimer] >> 17) & 3,
            Get(page, RegisterDivide),
            Get(page, RegisterInitialCount),
            Get(page, RegisterCurrentCount),
            timerDeadline);
        // What was raised before the other took over has been forgotten by the processor.
        _interruptRaised = false;
        Update();
    }

    /// <summary>A non-maskable interrupt of the board while another stands in for this APIC's local interrupts.</summary>
    internal void PassNonMaskable() => _cpu.SetSignal(Core.Interrupts.CpuSignal.NonMaskableInterrupt, true);

    /// <summary>Notes a local interrupt's level while another stands in.</summary>
    internal void NoteLocalInterrupt(int input, bool asserted) => _lint[input] = asserted;

    private static void Put(Span<byte> page, uint register, uint value)
        => BinaryPrimitives.WriteUInt32LittleEndian(page[(int)(register << 4)..], value);

    private static uint Get(ReadOnlySpan<byte> page, uint register)
        => BinaryPrimitives.ReadUInt32LittleEndian(page[(int)(register << 4)..]);
}
