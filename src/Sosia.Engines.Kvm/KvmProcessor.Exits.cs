using System;
using System.Globalization;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Execution;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Kvm;
using Sosia.Isa.X86;

namespace Sosia.Engines.Kvm;

/// <content>What the guest's exits ask for (Linux, Documentation/virt/kvm/api.rst, section 5).</content>
internal sealed unsafe partial class KvmProcessor
{
    private const uint SystemEventCrash = 3;
    private const uint MsrRefused = 1;

    // Null: go on.
    private ExitReason? HandleExit()
    {
        KvmRun* run = _vcpu.Shared;
        switch (run->ExitReason)
        {
            case KvmExit.Io:
                _exits.Count(ExitCounters.Cause.Port);
                _hasOpenExit = true;
                AccessPort(run);
                return null;
            case KvmExit.Mmio:
                _exits.Count(ExitCounters.Cause.Mmio);
                _hasOpenExit = true;
                AccessMemory(run);
                return null;
            case KvmExit.Halt:
                _exits.Count(ExitCounters.Cause.Halt);
                _cpu.State->Halted = 1;
                return null;
            case KvmExit.InterruptWindowOpen:
                _exits.Count(ExitCounters.Cause.InterruptWindow);
                return null;
            case KvmExit.ReadMsr:
            case KvmExit.WriteMsr:
                _exits.Count(ExitCounters.Cause.Msr);
                _hasOpenExit = true;
                AccessMsr(run);
                return null;
            case KvmExit.IoApicEndOfInterrupt:
                _exits.Count(ExitCounters.Cause.EndOfInterrupt);
                _machine.EndOfInterrupt(run->EoiVector);
                return null;
            case KvmExit.Shutdown:
                _exits.Count(ExitCounters.Cause.Shutdown);
                BringBack();
                _cpu.State->ShutDown = 1;
                return ExitReason.Shutdown;
            case KvmExit.Debug:
                _exits.Count(ExitCounters.Cause.Debug);
                return run->DebugException == ExceptionVector.Breakpoint ? MeetInt3() : ExitReason.DebugEvent;
            case KvmExit.InternalError:
                _exits.Count(ExitCounters.Cause.EmulationFailure);
                return InterpretDifficult();
            case KvmExit.SystemEvent:
                _exits.Count(ExitCounters.Cause.Other);
                _machine.Hardware.Log.GuestMisuse(
                    "kvm", run->SystemEventType == SystemEventCrash ? "the guest told the hypervisor that it crashed" : "the guest asked the hypervisor to end it", run->SystemEventType);
                BringBack();
                _cpu.State->ShutDown = 1;
                return ExitReason.Shutdown;
            case KvmExit.Interrupted:
            case KvmExit.SetTaskPriority:
                _exits.Count(ExitCounters.Cause.Other);
                return null;
            default:
                throw new SosiaException(
                    string.Create(CultureInfo.InvariantCulture, $"The host's KVM cannot go on with the guest (exit {run->ExitReason}, hardware reason 0x{run->HardwareReason:x}); choose another --engine."),
                    FailureKind.Host);
        }
    }

    // KVM_RUN itself failed. EFAULT is an access that the kernel could not make for the guest: the interpreter can.
    private ExitReason? HandleFailure(int error)
    {
        if (error != HostError.BadAddress)
        {
            throw new SosiaException($"The host's KVM cannot run the guest ({HostError.Describe(error)}); choose another --engine.", FailureKind.Host);
        }

        _exits.Count(ExitCounters.Cause.EmulationFailure);
        return InterpretDifficult();
    }

    private void AccessPort(KvmRun* run)
    {
        PortBus ports = _machine.Hardware.Ports;
        byte* data = (byte*)run + run->IoDataOffset;
        int byteCount = run->IoByteCount;
        for (uint i = 0; i < run->IoCount; i++, data += byteCount)
        {
            // SAFETY: the kernel puts as many accesses as it says into the page behind the structure; each is 1, 2 or 4 bytes wide.
            if (run->IoIsWrite != 0)
            {
                ports.Write(run->IoPort, byteCount, byteCount switch { 1 => *data, 2 => *(ushort*)data, _ => *(uint*)data });
                continue;
            }

            uint value = ports.Read(run->IoPort, byteCount);
            switch (byteCount)
            {
                case 1:
                    *data = (byte)value;
                    break;
                case 2:
                    *(ushort*)data = (ushort)value;
                    break;
                default:
                    *(uint*)data = value;
                    break;
            }
        }
    }

    private void AccessMemory(KvmRun* run)
    {
        MemoryBus memory = _machine.Hardware.Memory;
        ulong guestPhysical = run->MmioGuestPhysical;
        int byteCount = (int)Math.Min(run->MmioByteCount, 8);
        // A part of an access that crosses a page may have any width: the largest pieces that there are.
        for (int done = 0; done < byteCount;)
        {
            int piece = (byteCount - done) switch { >= 8 => 8, >= 4 => 4, >= 2 => 2, _ => 1 };
            // SAFETY: the pieces lie within the 8 bytes of the structure.
            byte* data = run->MmioData + done;
            if (run->MmioIsWrite != 0)
            {
                ulong value = 0;
                Buffer.MemoryCopy(data, &value, 8, piece);
                memory.Write(guestPhysical + (ulong)done, piece, value);
            }
            else
            {
                ulong value = memory.Read(guestPhysical + (ulong)done, piece);
                Buffer.MemoryCopy(&value, data, piece, piece);
            }

            done += piece;
        }
    }

    private void SynchronizeTimeStamp()
    {
        Span<KvmMsrEntry> counter = [new KvmMsrEntry(Msr.TimeStampCounter, 0)];
        if (_vcpu.GetMsrs(counter) == 1)
        {
            _cpu.State->TscOffset += counter[0].Value - _cpu.TimeStampCounter;
        }
    }

    private void AccessMsr(KvmRun* run)
    {
        bool exists;
        if (run->MsrReason == MsrRefused && run->MsrIndex is < Msr.X2ApicFirst or > Msr.X2ApicLast)
        {
            // KVM has the register and says no to the value.
            exists = false;
        }
        else if (run->ExitReason == KvmExit.ReadMsr)
        {
            exists = _cpu.TryReadMsr(run->MsrIndex, out ulong value);
            run->MsrValue = value;
        }
        else
        {
            if (run->MsrIndex == Msr.TscDeadline)
            {
                // Our timer compares with the counter: it must be where the guest's is, and not where it would be if both clocks ran exactly alike.
                SynchronizeTimeStamp();
            }

            exists = _cpu.TryWriteMsr(run->MsrIndex, run->MsrValue);
        }

        run->MsrError = (byte)(exists ? 0 : 1);
    }
}
