using System;
using System.Buffers.Binary;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Nvme;

/// <content>The administrative commands (NVM Express 1.3, chapter 5).</content>
public sealed partial class NvmeController
{
    private const string Model = "SOSIA NVME DISK";
    private const string Firmware = "1.0";
    private const int MaxAsynchronousEvents = 4;

    private const byte AdminDeleteSubmissionQueue = 0x00;
    private const byte AdminCreateSubmissionQueue = 0x01;
    private const byte AdminGetLogPage = 0x02;
    private const byte AdminDeleteCompletionQueue = 0x04;
    private const byte AdminCreateCompletionQueue = 0x05;
    private const byte AdminIdentify = 0x06;
    private const byte AdminAbort = 0x08;
    private const byte AdminSetFeatures = 0x09;
    private const byte AdminGetFeatures = 0x0a;
    private const byte AdminAsynchronousEvent = 0x0c;

    private const int FeatureVolatileWriteCache = 0x06;
    private const int FeatureNumberOfQueues = 0x07;

    // Features that are a value to keep: arbitration, power management, temperature threshold, error recovery, coalescing, write atomicity, events.
    private static readonly int[] StoredFeatures = [0x01, 0x02, 0x04, 0x05, 0x08, 0x0a, 0x0b];
    private static readonly uint[] FeatureDefaults = [0x07, 0, 0x0157, 0, 0, 0, 0];

    private readonly uint[] _features = new uint[StoredFeatures.Length];
    private readonly ushort[] _eventRequests = new ushort[MaxAsynchronousEvents];
    private int _eventRequestCount;
    private uint _pendingEvent;
    private bool _isEventMasked;
    private bool _isWriteCacheEnabled = true;

    private void ResetAdministration()
    {
        FeatureDefaults.CopyTo(_features, 0);
        _eventRequestCount = 0;
        _pendingEvent = 0;
        _isEventMasked = false;
        _isWriteCacheEnabled = true;
    }

    private void SaveAdministration(SnapshotWriter writer)
    {
        for (int i = 0; i < _features.Length; i++)
        {
            writer.Write($"feature{i}", _features[i]);
        }

        for (int i = 0; i < MaxAsynchronousEvents; i++)
        {
            writer.Write($"eventRequest{i}", _eventRequests[i]);
        }

        writer.Write("eventRequestCount", _eventRequestCount);
        writer.Write("pendingEvent", _pendingEvent);
        writer.Write("isEventMasked", _isEventMasked);
        writer.Write("isWriteCacheEnabled", _isWriteCacheEnabled);
    }

    private void RestoreAdministration(SnapshotReader reader)
    {
        for (int i = 0; i < _features.Length; i++)
        {
            _features[i] = reader.ReadUInt32($"feature{i}");
        }

        for (int i = 0; i < MaxAsynchronousEvents; i++)
        {
            _eventRequests[i] = reader.ReadUInt16($"eventRequest{i}");
        }

        _eventRequestCount = Math.Clamp(reader.ReadInt32("eventRequestCount"), 0, MaxAsynchronousEvents);
        _pendingEvent = reader.ReadUInt32("pendingEvent");
        _isEventMasked = reader.ReadBoolean("isEventMasked");
        _isWriteCacheEnabled = reader.ReadBoolean("isWriteCacheEnabled");
    }

    // Null: no completion now.
    private ushort? RunAdministration(in NvmeCommand command, ref uint result)
    {
        if (command.UsesLists || command.IsFused)
        {
            return NvmeStatus.InvalidField | NvmeStatus.DoNotRetry;
        }

        return command.Opcode switch
        {
            AdminCreateCompletionQueue => CreateCompletionQueue(command),
            AdminCreateSubmissionQueue => CreateSubmissionQueue(command),
            AdminDeleteCompletionQueue => DeleteCompletionQueue((int)(command.Word10 & 0xffff)),
            AdminDeleteSubmissionQueue => DeleteSubmissionQueue((int)(command.Word10 & 0xffff)),
            AdminIdentify => Identify(command),
            AdminGetLogPage => GetLogPage(command),
            AdminSetFeatures => SetFeature(command, ref result),
            AdminGetFeatures => GetFeature(command, ref result),
            AdminAbort => AbortCommand(command, ref result),
            AdminAsynchronousEvent => RequestEvent(command.Id, ref result),
            _ => NvmeStatus.InvalidOpcode | NvmeStatus.DoNotRetry,
        };
    }

    private ushort CreateCompletionQueue(in NvmeCommand command)
    {
        int id = (int)(command.Word10 & 0xffff);
        uint size = (command.Word10 >> 16) + 1;
        int vector = (int)(command.Word11 >> 16);
        ushort status = CheckNewQueue(id, size, command, id is > 0 and <= MaxIoQueues && _completion[id].Exists);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        if (vector >= VectorCount)
        {
            return NvmeStatus.InvalidInterruptVector | NvmeStatus.DoNotRetry;
        }

        if (((_configuration >> 20) & 15) != 4)
        {
            return NvmeStatus.InvalidQueueSize | NvmeStatus.DoNotRetry;
        }

        _completion[id].Create(command.Prp1, size, vector, (command.Word11 & 2) != 0);
        return NvmeStatus.Success;
    }

    private ushort CreateSubmissionQueue(in NvmeCommand command)
    {
        int id = (int)(command.Word10 & 0xffff);
        uint size = (command.Word10 >> 16) + 1;
        int completions = (int)(command.Word11 >> 16);
        ushort status = CheckNewQueue(id, size, command, id is > 0 and <= MaxIoQueues && _submission[id].Exists);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        if (completions is 0 or > MaxIoQueues || !_completion[completions].Exists)
        {
            return NvmeStatus.InvalidCompletionQueue | NvmeStatus.DoNotRetry;
        }

        if (((_configuration >> 16) & 15) != 6)
        {
            return NvmeStatus.InvalidQueueSize | NvmeStatus.DoNotRetry;
        }

        _submission[id].Create(command.Prp1, size, completions);
        return NvmeStatus.Success;
    }

    // Queues are contiguous (CAP.CQR) and begin with a page.
    private static ushort CheckNewQueue(int id, uint size, in NvmeCommand command, bool isTaken)
    {
        ushort status = id is 0 or > MaxIoQueues || isTaken ? NvmeStatus.InvalidQueueId
            : size is < 2 or > MaxQueueSize ? NvmeStatus.InvalidQueueSize
            : (command.Word11 & 1) == 0 ? NvmeStatus.InvalidField
            : (command.Prp1 & (PageByteCount - 1)) != 0 ? NvmeStatus.InvalidPrpOffset
            : NvmeStatus.Success;
        return status == NvmeStatus.Success ? status : (ushort)(status | NvmeStatus.DoNotRetry);
    }

    private ushort DeleteSubmissionQueue(int id)
    {
        if (id is 0 or > MaxIoQueues || !_submission[id].Exists)
        {
            return NvmeStatus.InvalidQueueId | NvmeStatus.DoNotRetry;
        }

        _submission[id].Exists = false;
        return NvmeStatus.Success;
    }

    private ushort DeleteCompletionQueue(int id)
    {
        if (id is 0 or > MaxIoQueues || !_completion[id].Exists)
        {
            return NvmeStatus.InvalidQueueId | NvmeStatus.DoNotRetry;
        }

        if (Array.Exists(_submission, queue => queue.Exists && queue.CompletionQueue == id))
        {
            return NvmeStatus.InvalidQueueDeletion | NvmeStatus.DoNotRetry;
        }

        _completion[id].Exists = false;
        return NvmeStatus.Success;
    }

    private ushort Identify(in NvmeCommand command)
    {
        Array.Clear(_page);
        switch (command.Word10 & 0xff)
        {
            case 0 when command.Namespace is NamespaceId:
                IdentifyNamespace();
                break;
            case 0 when command.Namespace is AllNamespaces:
                IdentifyNamespace();
                break;
            case 1:
                IdentifyController();
                break;
            case 2:
                // The active namespaces after the given one.
                if (command.Namespace >= AllNamespaces - 1)
                {
                    return NvmeStatus.InvalidNamespace | NvmeStatus.DoNotRetry;
                }

                _page[0] = command.Namespace < NamespaceId ? (byte)NamespaceId : (byte)0;
                break;
            case 3 when command.Namespace is NamespaceId:
                // One identifier: a UUID made of the serial number.
                _page[0] = 3;
                _page[1] = 16;
                WriteText(_page.AsSpan(4, 16), _serial);
                _page[4 + 6] = (byte)((_page[4 + 6] & 0x0f) | 0x80);
                _page[4 + 8] = (byte)((_page[4 + 8] & 0x3f) | 0x80);
                break;
            case 0 or 3:
                return NvmeStatus.InvalidNamespace | NvmeStatus.DoNotRetry;
            default:
                return NvmeStatus.InvalidField | NvmeStatus.DoNotRetry;
        }

        return SendPage(command, PageByteCount);
    }

    private void IdentifyNamespace()
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_page, BlockCount);
        BinaryPrimitives.WriteUInt64LittleEndian(_page.AsSpan(8), BlockCount);
        BinaryPrimitives.WriteUInt64LittleEndian(_page.AsSpan(16), BlockCount);
        _page[24] = 1;              // thin provisioning: blocks can be deallocated
        _page[33] = 1;              // deallocated blocks read as zeros
        _page[130] = 9;             // one format: 512 bytes without metadata
    }

    private void IdentifyController()
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_page, 0x1b36);
        BinaryPrimitives.WriteUInt16LittleEndian(_page.AsSpan(2), 0x1af4);
        WriteText(_page.AsSpan(4, 20), _serial);
        WriteText(_page.AsSpan(24, 40), Model);
        WriteText(_page.AsSpan(64, 8), Firmware);
        _page[72] = 6;              // recommended arbitration burst
        _page[77] = MaxTransferExponent;
        BinaryPrimitives.WriteUInt32LittleEndian(_page.AsSpan(80), Version);
        _page[258] = 3;             // four commands can be aborted at a time
        _page[259] = MaxAsynchronousEvents - 1;
        _page[260] = 0x03;          // one firmware slot, read-only
        _page[261] = 0x01;          // SMART for the namespace
        BinaryPrimitives.WriteUInt16LittleEndian(_page.AsSpan(266), 343);
        BinaryPrimitives.WriteUInt16LittleEndian(_page.AsSpan(268), 373);
        _page[512] = 0x66;          // queue entries of 64 bytes
        _page[513] = 0x44;          // and of 16
        BinaryPrimitives.WriteUInt32LittleEndian(_page.AsSpan(516), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(_page.AsSpan(520), 0x000c);    // dataset management, write zeroes
        _page[525] = 1;             // a volatile write cache
        WriteText(_page.AsSpan(768, 40), "nqn.2026-01.org.sosia:" + _serial);
        _page.AsSpan(768 + 40, 256 - 40).Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(_page.AsSpan(2048), 2500);     // 25 W
    }

    private static void WriteText(Span<byte> destination, string text)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = i < text.Length ? (byte)text[i] : (byte)' ';
        }
    }

    private ushort GetLogPage(in NvmeCommand command)
    {
        uint dwordCount = ((command.Word10 >> 16) & 0xfff) + 1;
        uint id = command.Word10 & 0xff;
        Array.Clear(_page);
        int size;
        switch (id)
        {
            case 1:
                size = 64;          // no errors are kept
                _isEventMasked = false;
                break;
            case 2:
                size = 512;
                BinaryPrimitives.WriteUInt16LittleEndian(_page.AsSpan(1), 300);     // kelvins
                _page[3] = 100;     // all of the spare is left
                _page[4] = 10;
                break;
            case 3:
                size = 512;
                _page[0] = 1;
                WriteText(_page.AsSpan(8, 8), Firmware);
                break;
            default:
                return NvmeStatus.InvalidLogPage | NvmeStatus.DoNotRetry;
        }

        return SendPage(command, (int)Math.Min(4 * dwordCount, size));
    }

    private ushort SendPage(in NvmeCommand command, int byteCount)
    {
        ushort status = ReadPages(command, (ulong)byteCount);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        _list.Write(0, _page.AsSpan(0, byteCount));
        return _list.TouchedBadMemory ? NvmeStatus.DataTransferError : NvmeStatus.Success;
    }

    private ushort? SetFeature(in NvmeCommand command, ref uint result)
    {
        if ((command.Word10 & 0x8000_0000) != 0)
        {
            return NvmeStatus.NotSaveable | NvmeStatus.DoNotRetry;
        }

        int id = (int)(command.Word10 & 0xff);
        switch (id)
        {
            case FeatureVolatileWriteCache:
                bool enables = (command.Word11 & 1) != 0;
                if (!enables && StatusOf(_drive.Flush(), NvmeStatus.WriteFault) is var flushed && flushed != NvmeStatus.Success)
                {
                    return flushed;
                }

                _isWriteCacheEnabled = enables;
                return NvmeStatus.Success;
            case FeatureNumberOfQueues:
                if ((command.Word11 & 0xffff) == 0xffff || command.Word11 >> 16 == 0xffff)
                {
                    return NvmeStatus.InvalidField | NvmeStatus.DoNotRetry;
                }

                result = QueueCounts;
                return NvmeStatus.Success;
        }

        int stored = Array.IndexOf(StoredFeatures, id);
        if (stored < 0)
        {
            return NvmeStatus.InvalidField | NvmeStatus.DoNotRetry;
        }

        _features[stored] = command.Word11;
        return NvmeStatus.Success;
    }

    private static uint QueueCounts => (MaxIoQueues - 1) | ((MaxIoQueues - 1) << 16);

    private ushort GetFeature(in NvmeCommand command, ref uint result)
    {
        int id = (int)(command.Word10 & 0xff);
        uint select = (command.Word10 >> 8) & 7;
        int stored = Array.IndexOf(StoredFeatures, id);
        if (stored < 0 && id is not (FeatureVolatileWriteCache or FeatureNumberOfQueues))
        {
            return NvmeStatus.InvalidField | NvmeStatus.DoNotRetry;
        }

        // Current, default, saved (the same), capabilities: changeable.
        bool wantsDefault = select is 1 or 2;
        result = select == 3 ? 4u
            : id == FeatureNumberOfQueues ? QueueCounts
            : id == FeatureVolatileWriteCache ? (_isWriteCacheEnabled || wantsDefault ? 1u : 0)
            : wantsDefault ? FeatureDefaults[stored] : _features[stored];
        return NvmeStatus.Success;
    }

    // Commands end before another one is looked at: only waiting event requests can be aborted.
    private ushort AbortCommand(in NvmeCommand command, ref uint result)
    {
        const uint NotAborted = 1;
        result = NotAborted;
        if ((command.Word10 & 0xffff) != 0)
        {
            return NvmeStatus.Success;
        }

        int index = Array.IndexOf(_eventRequests, (ushort)(command.Word10 >> 16), 0, _eventRequestCount);
        // The request's completion and that of this command need two places.
        if (index >= 0 && (_completion[0].Tail + 2) % _completion[0].Size != _completion[0].Head)
        {
            ushort id = _eventRequests[index];
            _eventRequests[index] = _eventRequests[--_eventRequestCount];
            Complete(0, id, 0, NvmeStatus.AbortRequested);
            result = 0;
        }

        return NvmeStatus.Success;
    }

    private ushort? RequestEvent(ushort id, ref uint result)
    {
        if (_eventRequestCount == MaxAsynchronousEvents)
        {
            return NvmeStatus.TooManyAsynchronousEvents | NvmeStatus.DoNotRetry;
        }

        if (_pendingEvent != 0)
        {
            result = TakePendingEvent();
            return NvmeStatus.Success;
        }

        _eventRequests[_eventRequestCount++] = id;
        return null;
    }

    private uint TakePendingEvent()
    {
        const uint Exists = 1u << 31;
        uint happened = _pendingEvent & ~Exists;
        _pendingEvent = 0;
        return happened;
    }

    // Error status, with the log page of errors; reported once until that is read.
    private void ReportInvalidDoorbell(bool isInvalidValue, ulong value)
    {
        _log.GuestMisuse(Name, isInvalidValue ? "doorbell rung with a value beyond its queue" : "doorbell of a queue that does not exist", value);
        if (_isEventMasked)
        {
            return;
        }

        _isEventMasked = true;
        _pendingEvent = 0x8000_0000 | (isInvalidValue ? 0x0001_0100u : 0x0001_0000u);
        if (_eventRequestCount != 0 && !_completion[0].IsFull)
        {
            ushort id = _eventRequests[--_eventRequestCount];
            Complete(0, id, TakePendingEvent(), NvmeStatus.Success);
            Interrupt(1);
        }
    }
}
