using System;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Devices.Pit8254;

/// <summary>
/// One counter of an 8254 (Intel data sheet 231164). Time is given as a number of CLK pulses; the state is brought up to date
/// lazily, so that a running counter costs nothing.
/// </summary>
internal sealed class PitChannel
{
    private int _mode;
    private bool _bcd;
    private int _access = 3;        // RW1:RW0: 1 low byte, 2 high byte, 3 low then high
    private bool _writeHighNext;
    private bool _readHighNext;
    private byte _writtenLow;
    private bool _countLatched;
    private ushort _latchedCount;
    private bool _statusLatched;
    private byte _latchedStatus;
    private int _reload;            // the count register, 0 when none was written since the control word
    private int _pending;           // modes 2 and 3: the count to load at the end of the (half) cycle, 0 for none
    private long _nullUntil;        // the count written last is not in the counting element before this tick
    private int _count;             // the counting element's value at _start (or for good while not running)
    private long _start;
    private bool _running;
    private bool _armed;            // the event that the count was written or triggered for is still to come

    public PitChannel(bool gate)
    {
        Gate = gate;
    }

    /// <summary>The OUT pin, as of the last <see cref="Advance"/>.</summary>
    public bool Output { get; private set; }

    /// <summary>Set when OUT rose since it was cleared.</summary>
    public bool RoseSinceCleared { get; set; }

    /// <summary>The GATE pin.</summary>
    public bool Gate { get; private set; }

    /// <summary>The pulses of a whole cycle while OUT goes up and down by itself (modes 2 and 3); else 0.</summary>
    public int CycleLength => _running && _mode is (2 or 3) && _count >= 2 && _pending == 0 ? _count : 0;

    /// <summary>The part of a cycle for which OUT is high.</summary>
    public double MeanOutput => (double)(_mode == 2 ? _count - 1 : (_count + 1) / 2) / _count;

    private int Modulus => _bcd ? 10000 : 65536;

    // A control word alone makes the count that is to come null.
    private bool IsUntouched => _reload == 0 && _nullUntil == 0;

    public void Reset(bool gate)
    {
        _mode = 0;
        _bcd = false;
        _access = 3;
        Gate = gate;
        Output = false;
        RoseSinceCleared = false;
        _writeHighNext = _readHighNext = _countLatched = _statusLatched = _running = _armed = false;
        _reload = _pending = _count = 0;
        _start = _nullUntil = 0;
    }

    public void WriteControl(byte control, long now)
    {
        int access = (control >> 4) & 3;
        if (access == 0)
        {
            LatchCount(now);
            return;
        }

        _access = access;
        _mode = (control >> 1) & 7;
        if (_mode > 5)
        {
            _mode -= 4;
        }

        _bcd = (control & 1) != 0;
        _writeHighNext = _readHighNext = _countLatched = _statusLatched = false;
        _running = _armed = false;
        _reload = _pending = 0;
        _nullUntil = MachineClock.Never;
        SetOutput(_mode != 0);
    }

    public void LatchCount(long now)
    {
        // A second latch command before the first value was read is ignored.
        if (!_countLatched)
        {
            Advance(now);
            _countLatched = true;
            _latchedCount = CountingElement(now);
        }
    }

    public void LatchStatus(long now)
    {
        if (!_statusLatched)
        {
            Advance(now);
            _statusLatched = true;
            _latchedStatus = (byte)((Output ? 0x80 : 0) | (now < _nullUntil ? 0x40 : 0) | (_access << 4) | (_mode << 1) | (_bcd ? 1 : 0));
        }
    }

    public byte Read(long now)
    {
        if (_statusLatched)
        {
            _statusLatched = false;
            return _latchedStatus;
        }

        Advance(now);
        ushort value = _countLatched ? _latchedCount : CountingElement(now);
        bool high = _access == 2 || (_access == 3 && _readHighNext);
        if (_access == 3)
        {
            _readHighNext = !_readHighNext;
        }

        if (_access != 3 || high)
        {
            _countLatched = false;
        }

        return (byte)(high ? value >> 8 : value);
    }

    public void WriteCount(byte value, long now)
    {
        Advance(now);
        switch (_access)
        {
            case 1:
                Load(value, now);
                break;
            case 2:
                Load(value << 8, now);
                break;
            default:
                if (!_writeHighNext)
                {
                    _writtenLow = value;
                    _writeHighNext = true;
                    if (_mode == 0)
                    {
                        // "Writing the first byte disables counting. OUT is set low immediately."
                        Hold(now);
                        _armed = false;
                        SetOutput(false);
                    }
                }
                else
                {
                    _writeHighNext = false;
                    Load((value << 8) | _writtenLow, now);
                }

                break;
        }
    }

    public void SetGate(bool gate, long now)
    {
        if (gate == Gate)
        {
            return;
        }

        Advance(now);
        Gate = gate;
        switch (_mode)
        {
            case 0:
            case 4:
                if (!gate)
                {
                    if (!Output && _mode == 4)
                    {
                        // The strobe itself does not depend on the gate; it is cut short by less than one CLK here.
                        SetOutput(true);
                        _armed = false;
                    }

                    Hold(now);
                }
                else if (_reload != 0 && !_writeHighNext)
                {
                    _running = true;
                    _start = Math.Max(now, _start);
                }

                break;

            case 1:
            case 5:
                if (gate && _reload != 0)
                {
                    Start(_reload, now);
                    _armed = true;
                }

                break;

            default:
                if (!gate)
                {
                    Hold(now);
                    SetOutput(true);
                }
                else if (_reload != 0)
                {
                    _pending = 0;
                    Start(_reload, now);
                }

                break;
        }
    }

    /// <summary>Brings OUT and the counting element up to a time.</summary>
    public void Advance(long now)
    {
        if (!_running)
        {
            return;
        }

        long elapsed = now - _start;
        switch (_mode)
        {
            case 0:
                if (_armed && elapsed >= _count)
                {
                    _armed = false;
                    SetOutput(true);
                }

                break;

            case 1:
                if (_armed && elapsed >= 0)
                {
                    SetOutput(false);
                    if (elapsed >= _count)
                    {
                        _armed = false;
                        SetOutput(true);
                    }
                }

                break;

            case 2:
                AdvanceRate(now);
                break;

            case 3:
                AdvanceSquareWave(now);
                break;

            default:
                if (_armed && elapsed >= _count)
                {
                    SetOutput(false);
                    if (elapsed > _count)
                    {
                        _armed = false;
                        SetOutput(true);
                    }
                }

                break;
        }
    }

    /// <summary>The tick of the next change of OUT after the last <see cref="Advance"/>; <see cref="MachineClock.Never"/> if none comes by itself.</summary>
    public long NextEdge()
    {
        if (!_running)
        {
            return MachineClock.Never;
        }

        switch (_mode)
        {
            case 0:
                return _armed ? _start + _count : MachineClock.Never;
            case 1:
                return !_armed ? MachineClock.Never : Output ? _start : _start + _count;
            case 2 or 3 when _count < 2:
                return _pending != 0 ? _start + 1 : MachineClock.Never;
            case 2:
                return Output ? _start + _count - 1 : _start + _count;
            case 3:
                return _start + HalfCycle(Output);
            default:
                return !_armed ? MachineClock.Never : Output ? _start + _count : _start + _count + 1;
        }
    }

    /// <summary>Reads what a hypervisor of the host needs to stand in for this counter.</summary>
    public PitChannelRegisters Export() => new()
    {
        Count = IsUntouched ? 0 : _reload == 0 ? Modulus : _reload,
        Mode = _mode,
        AccessMode = _access,
        IsBcd = _bcd,
        Gate = Gate,
        LatchedCount = _countLatched ? _latchedCount : null,
        LatchedStatus = _statusLatched ? _latchedStatus : null,
        ReadsHighByte = _readHighNext,
        WrittenLowByte = _writeHighNext ? _writtenLow : null,
    };

    /// <summary>Takes another counter's state and counts from its beginning: where the other was in its cycle is not known.</summary>
    public void Import(in PitChannelRegisters registers, long now)
    {
        if (registers.Count == 0)
        {
            Reset(registers.Gate);
            return;
        }

        WriteControl((byte)((registers.AccessMode << 4) | (registers.Mode << 1) | (registers.IsBcd ? 1 : 0)), now);
        Gate = registers.Gate;
        _reload = Math.Clamp(registers.Count, 1, Modulus);
        if (registers.Mode is 2 or 3)
        {
            // One-shot modes have had their event, or get it from the software that waits for it.
            if (Gate)
            {
                Start(_reload, now);
            }
        }
        else
        {
            Start(_reload, now);
            SetOutput(true);
        }

        _countLatched = registers.LatchedCount is not null;
        _latchedCount = registers.LatchedCount ?? 0;
        _statusLatched = registers.LatchedStatus is not null;
        _latchedStatus = registers.LatchedStatus ?? 0;
        _readHighNext = registers.ReadsHighByte;
        _writeHighNext = registers.WrittenLowByte is not null;
        _writtenLow = registers.WrittenLowByte ?? 0;
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "mode", _mode);
        writer.Write(prefix + "bcd", _bcd);
        writer.Write(prefix + "access", _access);
        writer.Write(prefix + "write-high", _writeHighNext);
        writer.Write(prefix + "read-high", _readHighNext);
        writer.Write(prefix + "written-low", _writtenLow);
        writer.Write(prefix + "count-latched", _countLatched);
        writer.Write(prefix + "latched-count", _latchedCount);
        writer.Write(prefix + "status-latched", _statusLatched);
        writer.Write(prefix + "latched-status", _latchedStatus);
        writer.Write(prefix + "reload", _reload);
        writer.Write(prefix + "pending", _pending);
        writer.Write(prefix + "null-until", _nullUntil);
        writer.Write(prefix + "count", _count);
        writer.Write(prefix + "start", _start);
        writer.Write(prefix + "running", _running);
        writer.Write(prefix + "armed", _armed);
        writer.Write(prefix + "gate", Gate);
        writer.Write(prefix + "out", Output);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        _mode = reader.ReadInt32(prefix + "mode");
        _bcd = reader.ReadBoolean(prefix + "bcd");
        _access = reader.ReadInt32(prefix + "access");
        _writeHighNext = reader.ReadBoolean(prefix + "write-high");
        _readHighNext = reader.ReadBoolean(prefix + "read-high");
        _writtenLow = reader.ReadByte(prefix + "written-low");
        _countLatched = reader.ReadBoolean(prefix + "count-latched");
        _latchedCount = reader.ReadUInt16(prefix + "latched-count");
        _statusLatched = reader.ReadBoolean(prefix + "status-latched");
        _latchedStatus = reader.ReadByte(prefix + "latched-status");
        _reload = reader.ReadInt32(prefix + "reload");
        _pending = reader.ReadInt32(prefix + "pending");
        _nullUntil = reader.ReadInt64(prefix + "null-until");
        _count = reader.ReadInt32(prefix + "count");
        _start = reader.ReadInt64(prefix + "start");
        _running = reader.ReadBoolean(prefix + "running");
        _armed = reader.ReadBoolean(prefix + "armed");
        Gate = reader.ReadBoolean(prefix + "gate");
        Output = reader.ReadBoolean(prefix + "out");
        RoseSinceCleared = false;
    }

    // A complete count was written.
    private void Load(int written, long now)
    {
        int count = _bcd
            ? (((written >> 12) & 15) * 1000) + (((written >> 8) & 15) * 100) + (((written >> 4) & 15) * 10) + (written & 15)
            : written;
        _reload = count == 0 ? Modulus : count;
        switch (_mode)
        {
            case 0:
            case 4:
                SetOutput(_mode != 0);
                Start(_reload, now);
                _armed = true;
                _running = Gate;
                break;

            case 1:
            case 5:
                // Loaded by the next trigger.
                _nullUntil = MachineClock.Never;
                break;

            default:
                if (_running)
                {
                    _pending = _reload;
                    _nullUntil = MachineClock.Never;
                    Advance(now);
                }
                else if (Gate)
                {
                    Start(_reload, now);
                }
                else
                {
                    _nullUntil = MachineClock.Never;
                }

                break;
        }
    }

    // The counting element takes a count on the next CLK pulse.
    private void Start(int count, long now)
    {
        _count = count;
        _start = now + 1;
        _nullUntil = now + 1;
        _running = true;
    }

    // Counting stops where it is.
    private void Hold(long now)
    {
        if (_running)
        {
            _count = RawCount(now);
            _start = now;
            _running = false;
        }
    }

    private void AdvanceRate(long now)
    {
        // A count of 1 is illegal in this mode: OUT stays high.
        while (_pending != 0 && now >= _start + _count)
        {
            _start += _count;
            TakePending();
        }

        if (_count < 2)
        {
            SetOutput(true);
            return;
        }

        long elapsed = now - _start;
        if (elapsed >= _count)
        {
            _start += elapsed / _count * _count;
            elapsed = now - _start;
            SetOutput(false);
            SetOutput(true);
        }

        SetOutput(elapsed < _count - 1);
    }

    private void AdvanceSquareWave(long now)
    {
        if (_count < 2)
        {
            if (_pending == 0 || now < _start + 1)
            {
                SetOutput(true);
                return;
            }

            _start++;
            TakePending();
        }

        while (_count >= 2 && now - _start >= HalfCycle(Output))
        {
            if (_pending == 0 && now - _start >= _count)
            {
                // Whole cycles at once; the phase stays.
                _start += (now - _start) / _count * _count;
                RoseSinceCleared = true;
                continue;
            }

            _start += HalfCycle(Output);
            SetOutput(!Output);
            if (_pending != 0)
            {
                TakePending();
            }
        }
    }

    private void TakePending()
    {
        _count = _pending;
        _pending = 0;
        _nullUntil = _start;
    }

    // Mode 3: an odd count makes the high half one CLK longer.
    private int HalfCycle(bool high) => (_count + (high ? 1 : 0)) / 2;

    private int RawCount(long now)
    {
        if (!_running)
        {
            return _count;
        }

        long elapsed = Math.Max(0, now - _start);
        switch (_mode)
        {
            case 2:
                return _count < 2 ? _count : (int)(_count - (elapsed % _count));
            case 3:
                return _count < 2 ? _count : (int)((_count & ~1) - (2 * elapsed));
            default:
                long left = (_count - elapsed) % Modulus;
                return (int)(left < 0 ? left + Modulus : left);
        }
    }

    private ushort CountingElement(long now)
    {
        int count = RawCount(now) % Modulus;
        return (ushort)(_bcd
            ? (count / 1000 << 12) | (count / 100 % 10 << 8) | (count / 10 % 10 << 4) | (count % 10)
            : count);
    }

    private void SetOutput(bool output)
    {
        RoseSinceCleared |= output && !Output;
        Output = output;
    }
}
