import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  Res,
  type Type,
} from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOperation, ApiQuery, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { BusinessRequest } from '../http/business-request.js';
import { AnswerNotKept, Business, CurrentUser, Roles } from '../http/decorators.js';
import { etagOf } from '../http/etag.js';
import { requireGatewayKeys } from '../http/keys-on-device.js';
import { pageOf } from '../http/paging.js';
import { AWAITED_STEPS, Worklist } from '../integrity/worklist.js';
import { invalid } from '../http/problem.js';
import { textOf } from '../http/query.js';
import type { SessionUser } from '../http/session-user.js';
import { validationPipe } from '../http/validation.pipe.js';
import { stringifyLossless } from './document/lossless-json.js';
import { OpenRecordsService } from './open-records.service.js';
import {
  AmendRecordRequest,
  DeviceSealedRequest,
  HospitalSealedRequest,
  OpenRecordRequest,
  PrepareRecordRequest,
} from './records.dto.js';
import type { RecordStatus } from './record-status.js';
import { RecordStepsService } from './record-steps.service.js';
import { RecordsService, STATUSES } from './records.service.js';
import { requestDocument } from './request-document.js';
import { versionOf } from './version-of.js';

const pipe = validationPipe();

@ApiTags('records')
@ApiExtraModels(HospitalSealedRequest, DeviceSealedRequest)
@Controller('records')
export class RecordsController {
  constructor(
    private readonly records: RecordsService,
    private readonly opening: OpenRecordsService,
    private readonly worklist: Worklist,
    private readonly steps: RecordStepsService,
  ) {}

  @Post('prepare')
  @Roles('doctor')
  @ApiOperation({ summary: 'Commits the create step and answers what a device needs to seal' })
  prepare(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Body() body: PrepareRecordRequest,
  ) {
    return this.records.prepare(user, business, body);
  }

  @Post()
  @Roles('doctor')
  @ApiOperation({
    summary: 'Writes a record: hospital-sealed with a document, or device-sealed after prepare',
  })
  @ApiBody({
    schema: {
      oneOf: [{ $ref: getSchemaPath(HospitalSealedRequest) }, { $ref: getSchemaPath(DeviceSealedRequest) }],
    },
  })
  async write(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Body() body: unknown,
    @Req() request: Request,
  ): Promise<RecordStatus> {
    const isDeviceSealed = typeof body === 'object' && body !== null && 'recordId' in body;
    if (isDeviceSealed)
      return this.records.submit(user, business, await validated(DeviceSealedRequest, body));
    const input = await validated(HospitalSealedRequest, body);
    return this.records.write(user, business, input, requestDocument(request));
  }

  @Get()
  @ApiQuery({ name: 'registrationNo', required: false })
  @ApiQuery({ name: 'status', required: false, enum: STATUSES })
  @ApiQuery({ name: 'awaiting', required: false, enum: AWAITED_STEPS })
  @ApiOperation({
    summary: 'Records that the caller may see; with `awaiting` those that wait for the caller',
  })
  list(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>) {
    const awaiting = textOf(query, 'awaiting');
    if (awaiting !== undefined) return this.worklist.of(user, awaiting, pageOf(query));
    return this.records.list(user, pageOf(query), {
      registrationNo: textOf(query, 'registrationNo'),
      status: textOf(query, 'status'),
    });
  }

  @Get(':id')
  async get(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Res({ passthrough: true }) response: Response,
  ) {
    const view = await this.records.get(user, id);
    response.setHeader('ETag', etagOf(view));
    return view;
  }

  @Get(':id/versions')
  versions(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.records.versions(user, id);
  }

  @Post(':id/blind')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Signs the files of a sealed record and hands the blinded document to the sanitiser',
  })
  blind(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.steps.take(user, id, 'blind');
  }

  @Post(':id/upload')
  @HttpCode(200)
  @ApiOperation({ summary: 'Stores the sanitised record in the cloud' })
  upload(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.steps.take(user, id, 'upload');
  }

  @Post(':id/chain')
  @HttpCode(200)
  @ApiOperation({ summary: "Appends the record to the patient's chain" })
  chain(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.steps.take(user, id, 'chain');
  }

  @Post(':id/complete')
  @HttpCode(200)
  @ApiOperation({ summary: 'Runs the steps that the caller may run' })
  complete(@CurrentUser() user: SessionUser, @Business() business: BusinessRequest, @Param('id') id: string) {
    return this.steps.complete(user, business, id);
  }

  @Post(':id/amend')
  @ApiOperation({ summary: 'A new version by the author; the old one stays' })
  async amend(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Param('id') id: string,
    @Body() body: AmendRecordRequest,
    @Req() request: Request,
  ) {
    return this.records.amend(user, business, id, body, requestDocument(request));
  }

  /** Written as text: a decimal keeps the digits that its author wrote. */
  @Post(':id/open')
  @HttpCode(200)
  @AnswerNotKept()
  @Header('Content-Type', 'application/json; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Opens a record for its owner or author, under a consent or in an emergency' })
  @ApiQuery({ name: 'decrypt', required: false, type: Boolean })
  @ApiQuery({ name: 'version', required: false, type: Number })
  @ApiQuery({
    name: 'statement',
    required: false,
    type: Boolean,
    description: 'With decrypt: also the document as a statement for POST /verify',
  })
  async open(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Param('id') id: string,
    @Body() { consentId, emergencyId }: OpenRecordRequest,
    @Query() query: Record<string, unknown>,
  ): Promise<string> {
    const version = versionOf(query);
    const isDecrypting = textOf(query, 'decrypt') === 'true';
    if (isDecrypting) requireGatewayKeys(user);
    if (consentId !== undefined && emergencyId !== undefined)
      throw invalid('emergencyId', 'may not be given together with consentId.');
    const withStatement = textOf(query, 'statement') === 'true';
    if (emergencyId !== undefined) {
      const record = { recordId: id, version, emergencyId };
      return stringifyLossless(
        isDecrypting
          ? await this.opening.decryptInEmergency(user, business, record, withStatement)
          : await this.opening.openInEmergency(user, business, record),
      );
    }
    const found = await this.opening.underConsent(user, id, version, consentId);
    if (found !== undefined) {
      return stringifyLossless(
        isDecrypting
          ? await this.opening.decryptUnderConsent(user, business, found, withStatement)
          : await this.opening.openUnderConsent(user, business, found),
      );
    }
    const answer = isDecrypting
      ? await this.opening.decrypt(user, business, id, version, withStatement)
      : await this.opening.open(user, business, id, version);
    return stringifyLossless(answer);
  }
}

async function validated<Body extends object>(metatype: Type<Body>, body: unknown): Promise<Body> {
  return (await pipe.transform(body ?? {}, { type: 'body', metatype })) as Body;
}
