import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { Public } from '../http/decorators.js';
import { parseLossless } from '../records/document/lossless-json.js';
import { ERASURE_FORMAT } from '../erasure/certificate.js';
import { DOCUMENT_FORMAT, RECEIPT_FORMAT } from './statement.js';
import { VerifyService, type VerifyAnswer } from './verify.service.js';

@ApiTags('verify')
@Public()
@Controller('verify')
export class VerifyController {
  constructor(private readonly service: VerifyService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary:
      'Whether a receipt, a document or a certificate of erasure is what the ledger has; nobody need sign in',
  })
  @ApiBody({
    schema: {
      oneOf: [
        {
          type: 'object',
          required: ['format', 'channel', 'receiptId', 'reader', 'organization', 'basis', 'recordIds'],
          properties: {
            format: { type: 'string', enum: [RECEIPT_FORMAT] },
            channel: { type: 'string' },
            receiptId: { type: 'string' },
            reader: { type: 'string' },
            organization: { type: 'string' },
            basis: { type: 'string' },
            consentId: { type: 'string', nullable: true },
            recordIds: { type: 'array', items: { type: 'string' } },
          },
        },
        {
          type: 'object',
          required: ['format', 'channel', 'recordId', 'version', 'salt', 'document'],
          properties: {
            format: { type: 'string', enum: [DOCUMENT_FORMAT] },
            channel: { type: 'string' },
            recordId: { type: 'string' },
            version: { type: 'integer' },
            salt: { type: 'string' },
            document: { type: 'object' },
          },
        },
        {
          type: 'object',
          required: [
            'format',
            'channel',
            'status',
            'ledgerId',
            'home',
            'requestedAt',
            'requestedBy',
            'transactionId',
            'erasedAt',
            'attestations',
            'limit',
          ],
          properties: {
            format: { type: 'string', enum: [ERASURE_FORMAT] },
            channel: { type: 'string' },
            status: { type: 'string', enum: ['erasing', 'erased'] },
            ledgerId: { type: 'string' },
            home: { type: 'string' },
            requestedAt: { type: 'string' },
            requestedBy: { type: 'string', enum: ['patient', 'hospital-admin'] },
            transactionId: { type: 'string' },
            erasedAt: { type: 'string', nullable: true },
            attestations: {
              type: 'array',
              items: {
                type: 'object',
                required: ['organization', 'at', 'transactionId'],
                properties: {
                  organization: { type: 'string' },
                  at: { type: 'string' },
                  transactionId: { type: 'string' },
                },
              },
            },
            unattested: { type: 'array', items: { type: 'string' } },
            limit: { type: 'string' },
          },
        },
      ],
    },
  })
  verify(@Req() request: Request & { rawBody?: Buffer }): Promise<VerifyAnswer> {
    const { rawBody } = request;
    return this.service.verify(
      rawBody === undefined ? request.body : parseLossless(rawBody.toString('utf8')),
    );
  }
}
