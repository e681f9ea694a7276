using System;

namespace Sosia.Devices.Apic;

/// <content>The register file (Intel SDM volume 3, table 11-1 and 11-6).</content>
public sealed partial class LocalApic
{
    // Register numbers: memory offset divided by 16, MSR number minus 0x800.
    private const uint RegisterId = 0x02;
    private const uint RegisterVersion = 0x03;
    private const uint RegisterTaskPriority = 0x08;
    private const uint RegisterArbitrationPriority = 0x09;
    private const uint RegisterProcessorPriority = 0x0a;
    private const uint RegisterEndOfInterrupt = 0x0b;
    private const uint RegisterRemoteRead = 0x0c;
    private const uint RegisterLogicalDestination = 0x0d;
    private const uint RegisterDestinationFormat = 0x0e;
    private const uint RegisterSpurious = 0x0f;
    private const uint RegisterInService = 0x10;
    private const uint RegisterTriggerMode = 0x18;
    private const uint RegisterRequest = 0x20;
    private const uint RegisterErrorStatus = 0x28;
    private const uint RegisterCommandLow = 0x30;
    private const uint RegisterCommandHigh = 0x31;
    private const uint RegisterLvtTimer = 0x32;
    private const uint RegisterLvtError = 0x37;
    private const uint RegisterInitialCount = 0x38;
    private const uint RegisterCurrentCount = 0x39;
    private const uint RegisterDivide = 0x3e;
    private const uint RegisterSelfIpi = 0x3f;

    // Writable bits of the LVT entries, in register order.
    private static ReadOnlySpan<uint> LvtWritable => [0x7_00ff, 0x1_07ff, 0x1_07ff, 0x1_a7ff, 0x1_a7ff, 0x1_00ff];

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        // Registers are 32 bits wide on 16-byte boundaries; other bytes of the page are undefined and read as 0.
        if ((offset & 0xc) != 0 || (offset & 3) + (ulong)byteCount > 4)
        {
            if (byteCount != 8 || (offset & 0xf) != 0)
            {
                return 0;
            }
        }

        var register = (uint)(offset >> 4);
        if (register is RegisterEndOfInterrupt or RegisterSelfIpi || !TryRead(register, out uint value))
        {
            _log.GuestMisuse(SnapshotName, "read of a register that does not exist", offset);
            RaiseError(ErrorIllegalRegister);
            return 0;
        }

        return (ulong)value >> (int)((offset & 3) * 8);
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        if ((offset & 0xf) != 0 || byteCount < 4)
        {
            _log.GuestMisuse(SnapshotName, "write that is not 32 bits wide on a 16-byte boundary", offset);
            return;
        }

        var register = (uint)(offset >> 4);
        var low = (uint)value;
        bool known = true;
        switch (register)
        {
            case RegisterId:
                _id = low >> 24;
                break;
            case RegisterLogicalDestination:
                _logicalDestination = low & 0xff00_0000;
                break;
            case RegisterDestinationFormat:
                _destinationFormat = low | 0x0fff_ffff;
                break;
            case RegisterCommandHigh:
                _icrHigh = low & 0xff00_0000;
                break;
            case RegisterCommandLow:
                _icrLow = low & 0xc_cfff;
                bool isLogical = (_icrLow & 0x800) != 0;
                Send(ApicMessage.WidenDestination((byte)(_icrHigh >> 24), isLogical));
                break;
            case RegisterSelfIpi:
                known = false;
                break;
            default:
                known = TryWrite(register, low);
                break;
        }

        if (!known)
        {
            _log.GuestMisuse(SnapshotName, "write to a register that does not exist or cannot be written", offset);
            RaiseError(ErrorIllegalRegister);
        }
    }

    /// <inheritdoc/>
    public bool TryReadRegister(uint register, out ulong value)
    {
        value = 0;
        if (!IsX2Apic)
        {
            return false;
        }

        switch (register)
        {
            case RegisterCommandLow:
                value = ((ulong)_icrHigh << 32) | _icrLow;
                return true;
            case RegisterId:
                value = _id;
                return true;
            case RegisterArbitrationPriority:
            case RegisterRemoteRead:
            case RegisterDestinationFormat:
            case RegisterCommandHigh:
            case RegisterEndOfInterrupt:
            case RegisterSelfIpi:
                return false;
        }

        if (!TryRead(register, out uint narrow))
        {
            return false;
        }

        value = narrow;
        return true;
    }

    /// <inheritdoc/>
    public bool TryWriteRegister(uint register, ulong value)
    {
        if (!IsX2Apic)
        {
            return false;
        }

        if (register == RegisterCommandLow)
        {
            if ((value & 0xfff3_3000) != 0)
            {
                return false;
            }

            _icrLow = (uint)value;
            _icrHigh = (uint)(value >> 32);
            Send(_icrHigh);
            return true;
        }

        if (value > uint.MaxValue)
        {
            return false;
        }

        var low = (uint)value;
        switch (register)
        {
            case RegisterTaskPriority when low > 0xff:
            case RegisterEndOfInterrupt when low != 0:
            case RegisterErrorStatus when low != 0:
            case RegisterSpurious when (low & ~0x3ffu) != 0:
            case RegisterDivide when (low & ~0xbu) != 0:
            case RegisterSelfIpi when low > 0xff:
            case RegisterId:
            case RegisterLogicalDestination:
            case RegisterDestinationFormat:
            case RegisterCommandHigh:
                return false;
            case RegisterSelfIpi:
                SendSelf((byte)low);
                return true;
        }

        if (register is >= RegisterLvtTimer and <= RegisterLvtError
            && (low & ~(LvtWritable[(int)(register - RegisterLvtTimer)] | 0x5000)) != 0)
        {
            return false;
        }

        return TryWrite(register, low);
    }

    private bool TryRead(uint register, out uint value)
    {
        switch (register)
        {
            case RegisterId:
                value = _id << 24;
                return true;
            case RegisterVersion:
                value = VersionRegister;
                return true;
            case RegisterTaskPriority:
                value = _taskPriority;
                return true;
            case RegisterArbitrationPriority:
                value = ArbitrationPriority();
                return true;
            case RegisterProcessorPriority:
                value = ProcessorPriority;
                return true;
            case RegisterRemoteRead:
                value = 0;
                return true;
            case RegisterLogicalDestination:
                value = _logicalDestination;
                return true;
            case RegisterDestinationFormat:
                value = _destinationFormat;
                return true;
            case RegisterSpurious:
                value = _spurious;
                return true;
            case >= RegisterInService and < RegisterInService + 8:
                value = _inService[(int)(register - RegisterInService)];
                return true;
            case >= RegisterTriggerMode and < RegisterTriggerMode + 8:
                value = _triggerMode[(int)(register - RegisterTriggerMode)];
                return true;
            case >= RegisterRequest and < RegisterRequest + 8:
                value = _requests[(int)(register - RegisterRequest)];
                return true;
            case RegisterErrorStatus:
                value = _errorStatus;
                return true;
            case RegisterCommandLow:
                value = _icrLow;
                return true;
            case RegisterCommandHigh:
                value = _icrHigh;
                return true;
            case >= RegisterLvtTimer and <= RegisterLvtError:
                value = _lvt[register - RegisterLvtTimer];
                return true;
            case RegisterInitialCount:
                value = _timer.InitialCount;
                return true;
            case RegisterCurrentCount:
                value = _timer.CurrentCount;
                return true;
            case RegisterDivide:
                value = _timer.DivideConfiguration;
                return true;
            default:
                value = 0;
                return false;
        }
    }

    // The registers that mean the same in both modes.
    private bool TryWrite(uint register, uint value)
    {
        switch (register)
        {
            case RegisterTaskPriority:
                _taskPriority = (byte)value;
                Update();
                return true;
            case RegisterEndOfInterrupt:
                EndOfInterrupt();
                return true;
            case RegisterSpurious:
                WriteSpurious(value);
                return true;
            case RegisterErrorStatus:
                _errorStatus = _errorPending;
                _errorPending = 0;
                return true;
            case >= RegisterLvtTimer and <= RegisterLvtError:
                WriteLvt((int)(register - RegisterLvtTimer), value);
                return true;
            case RegisterInitialCount:
                _timer.InitialCount = value;
                return true;
            case RegisterDivide:
                _timer.DivideConfiguration = value;
                return true;
            default:
                return false;
        }
    }

    private void WriteSpurious(uint value)
    {
        _spurious = value & 0x3ff;
        if ((_spurious & 0x100) == 0)
        {
            // SDM 11.4.7.2: software-disabled, all local vector table entries are masked.
            for (int i = 0; i < LvtCount; i++)
            {
                _lvt[i] |= LvtMasked;
            }
        }

        Update();
    }

    private void WriteLvt(int entry, uint value)
    {
        value &= LvtWritable[entry];
        if ((_spurious & 0x100) == 0)
        {
            value |= LvtMasked;
        }

        _lvt[entry] = value | (_lvt[entry] & LvtRemoteIrr);
        if (entry == LvtTimer)
        {
            int mode = (int)((value >> 17) & 3);
            if (mode == 3)
            {
                _log.GuestMisuse(SnapshotName, "reserved timer mode", value);
                mode = LocalApicTimer.ModeOneShot;
            }

            _timer.Mode = mode;
        }
        else if (entry == LvtLint0 && _lint[0])
        {
            if ((value & LvtLevelTriggered) == 0)
            {
                _lvt[entry] &= ~LvtRemoteIrr;
            }
            else if (((value >> 8) & 7) == (uint)ApicDeliveryMode.Fixed)
            {
                DeliverLocal(entry);
            }
        }

        Update();
    }

    // The APR: the priority with which a lowest-priority message would be bid for (SDM 11.6.2.4).
    private byte ArbitrationPriority()
    {
        int request = Math.Max(_requests.Highest(), 0);
        int serving = Math.Max(_inService.Highest(), 0);
        int taskClass = _taskPriority >> 4;
        return taskClass >= request >> 4 && taskClass > serving >> 4
            ? _taskPriority
            : (byte)(Math.Max(taskClass, Math.Max(request >> 4, serving >> 4)) << 4);
    }

    // Sends what the interrupt command register describes.
    private void Send(uint destination)
    {
        var mode = (ApicDeliveryMode)((_icrLow >> 8) & 7);
        var vector = (byte)_icrLow;
        bool isLevel = (_icrLow & 0x8000) != 0;
        bool isAssert = (_icrLow & 0x4000) != 0;
        if (mode == ApicDeliveryMode.Init && isLevel && !isAssert)
        {
            // INIT level de-assert only synchronises arbitration ids, which this bus has no use for.
            return;
        }

        if (mode is ApicDeliveryMode.Fixed or ApicDeliveryMode.LowestPriority && vector < 16)
        {
            RaiseError(ErrorSendIllegalVector);
            return;
        }

        if (mode == ApicDeliveryMode.External || (int)mode == 3)
        {
            _log.GuestMisuse(SnapshotName, "interrupt command with a reserved delivery mode", _icrLow);
            return;
        }

        // Interprocessor interrupts are edge-triggered whatever bit 15 says (SDM 11.6.1).
        var message = new ApicMessage(destination, (_icrLow & 0x800) != 0, mode, vector, IsLevelTriggered: false);
        switch ((_icrLow >> 18) & 3)
        {
            case 0:
                _bus.Deliver(message);
                break;
            case 1:
                Accept(message);
                break;
            case 2:
                if (mode == ApicDeliveryMode.LowestPriority)
                {
                    _bus.Deliver(message with { Destination = ApicMessage.Broadcast });
                }
                else
                {
                    _bus.DeliverToAll(message, except: null);
                }

                break;
            default:
                _bus.DeliverToAll(message, except: this);
                break;
        }
    }

    private void SendSelf(byte vector)
    {
        if (vector < 16)
        {
            RaiseError(ErrorSendIllegalVector);
        }
        else
        {
            AcceptVector(vector, isLevelTriggered: false);
        }
    }
}
